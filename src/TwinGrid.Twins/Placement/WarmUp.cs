using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Orleans.Runtime.Placement;
using TwinGrid.Twins.Definitions;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins.Placement;

/// <summary>
/// Runs the way of a twin once before other silos give twins to this one: code that never ran costs the first of them
/// a second and more on a busy machine. Keeps nothing and tells nobody. Thread-safe.
/// </summary>
internal sealed partial class WarmUp(
    TwinRuntime runtime, DefinitionSet definitions, ILocalSiloDetails local, ILogger<WarmUp> logger)
{
    /// <summary>Ids that begin so are nobody's.</summary>
    private const string Reserved = "_silo";

    /// <summary>A start that hangs here would be worse than a cold one.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when twins can be active here.</summary>
    public Task Done => _done.Task;

    /// <summary>Does it; never throws.</summary>
    public async Task RunAsync()
    {
        try
        {
            await CallAsync().WaitAsync(s_patience, runtime.Clock);
            foreach (TwinDefinition definition in definitions.All)
            {
                Fold(runtime.Kinds.Current(definition.Kind));
            }
        }
#pragma warning disable CA1031 // Code of a user's own, or a store that is away: twins meet that themselves.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogCold(e);
        }

        _done.SetResult();
    }

    // Looks at a twin that does not exist, which makes none, and lets a tick find that out.
    private async Task CallAsync()
    {
        RequestContext.Set(IPlacementDirector.PlacementHintKey, local.SiloAddress);
        try
        {
            TwinId id = new(Reserved, local.SiloAddress.Generation.ToString(CultureInfo.InvariantCulture));
            ITwin twin = runtime.Grains.GetGrain<ITwin>(id.ToGrainKey());
            await twin.ApplyAsync(PackedInputs.Pack(InputKind.Tick, runtime.Now));
            await twin.GetAsync();
        }
        finally
        {
            RequestContext.Remove(IPlacementDirector.PlacementHintKey);
        }
    }

    private void Fold(CompiledKind kind)
    {
        TwinState state = new(new TwinId(kind.Kind, Reserved), kind);
        ReadingWriter readings = new();
        readings.BeginMessage(new MessageHeader { Received = runtime.Now });
        foreach (TelemetryDefinition telemetry in kind.Telemetry)
        {
            readings.Number(Encoding.UTF8.GetBytes(telemetry.Name), 0);
        }

        readings.EndMessage();
        TwinFold.Apply(state, runtime.Header(kind), readings.Written.Span, new TurnEffects());
        SnapshotBuilder.Snapshot(state);
        StateReader.Read(state.Twin, kind, StateWriter.Write(state));
    }

    [LoggerMessage(LogLevel.Information, "The way of a twin could not be tried before the first comes")]
    private partial void LogCold(Exception exception);
}
