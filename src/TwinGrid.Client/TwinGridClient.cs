using System.Runtime.CompilerServices;

namespace TwinGrid.Client;

/// <summary>
/// A grid of digital twins as another service sees it. Get it from the services after <c>AddTwinGridClient</c>.
/// Thread-safe.
/// </summary>
public sealed class TwinGridClient
{
    private const int PageSize = 500;

    private readonly GridConnection _connection;
    private readonly TimeProvider _clock;

    internal TwinGridClient(GridConnection connection, TimeProvider clock)
    {
        _connection = connection;
        _clock = clock;
    }

    /// <summary>A handle on a twin; costs nothing and asks nobody whether there is one.</summary>
    /// <param name="id">The id, <c>kind/key</c>, such as <c>turbine/t07</c>.</param>
    /// <exception cref="TwinGridException">The text is not an id.</exception>
    public TwinHandle Twin(string id) => Twin(TwinId.Parse(id));

    /// <inheritdoc cref="Twin(string)"/>
    public TwinHandle Twin(TwinId id) => new(_connection, _clock, id);

    /// <summary>Lists twins in the order of their ids, page by page as they are asked for.</summary>
    /// <param name="kind">Only of this kind; null for all.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TwinGridUnavailableException">No silo answered in time.</exception>
    public async IAsyncEnumerable<TwinSummary> ListAsync(
        string? kind = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string? cursor = null;
        do
        {
            string? from = cursor;
            TwinPage page = await _connection.CallAsync(
                grains => grains.GetGrain<ITwinFleet>(TwinId.DefaultTenant).ListAsync(kind, from, PageSize),
                cancellationToken);
            foreach (TwinSummary twin in page.Items)
            {
                yield return twin;
            }

            cursor = page.Cursor;
        }
        while (cursor is not null);
    }
}
