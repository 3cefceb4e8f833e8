using System.Data.Common;
using System.Numerics;
using System.Text;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace TwinGrid.Twins.Definitions;

/// <summary>Every content that a kind's definition ever had; the key is <c>tenant/kind</c>.</summary>
[Alias("TwinGrid.IDefinitionHistory")]
internal interface IDefinitionHistory : IGrainWithStringKey
{
    /// <summary>Stores a content unless it is the newest already; gives its revision, from 1.</summary>
    [Alias("Publish")]
    Task<int> PublishAsync(string definition);

    /// <summary>The content of a revision, or null.</summary>
    [Alias("Get"), ReadOnly]
    Task<string?> GetAsync(int revision);
}

/// <summary>What is stored of a kind's definition.</summary>
[GenerateSerializer, Alias("TwinGrid.DefinitionHistoryState")]
internal sealed class DefinitionHistoryState
{
    /// <summary>The version of the forms from which on each content has a checksum.</summary>
    private const byte WithChecksums = 2;

    /// <summary>The version of this form: 1 knows no checksums.</summary>
    [Id(0)]
    public byte Version { get; set; } = 1;

    /// <summary>The contents from revision 1.</summary>
    [Id(1)]
    public List<string> Contents { get; set; } = [];

    /// <summary>The CRC32C of each content from version 2 on, as it was when the newest of them was added.</summary>
    [Id(2)]
    public List<uint> Checksums { get; set; } = [];

    /// <summary>Adds a content, and the checksums that an older form has not.</summary>
    public void Add(string content)
    {
        Contents.Add(content);
        Checksums = [.. Contents.Select(Checksum)];
        Version = WithChecksums;
    }

    /// <summary>Takes the newest content back.</summary>
    public void TakeBack()
    {
        Contents.RemoveAt(Contents.Count - 1);
        Checksums.RemoveAt(Checksums.Count - 1);
    }

    /// <summary>What to do where a content is not as it was stored.</summary>
    public const string Remedy =
        "Stop the silo, keep the damaged files, check the disk and restore a backup.";

    /// <summary>Refuses contents that are not as they were stored.</summary>
    /// <param name="kind">Whose, for people.</param>
    /// <exception cref="TwinGridException">One is damaged, or some are missing.</exception>
    public void EnsureIntact(string kind)
    {
        if (FindDamaged() is { } revision)
        {
            throw new TwinGridException(
                $"The definition of {kind}, revision {revision}, is not as it was stored: the store is damaged. "
                + Remedy);
        }
    }

    /// <summary>The first revision whose content is damaged or missing; null where all is as it was stored.</summary>
    public int? FindDamaged()
    {
        if (Checksums.Count == 0)
        {
            // An older TwinGrid wrote it.
            return null;
        }

        int intact = Contents.Zip(Checksums)
            .TakeWhile(static stored => Checksum(stored.First) == stored.Second)
            .Count();
        return intact < Math.Max(Contents.Count, Checksums.Count) ? intact + 1 : null;
    }

    private static uint Checksum(string content)
    {
        uint crc = uint.MaxValue;
        foreach (byte next in Encoding.UTF8.GetBytes(content))
        {
            crc = BitOperations.Crc32C(crc, next);
        }

        return ~crc;
    }
}

/// <inheritdoc cref="IDefinitionHistory"/>
[GrainType(TypeName)]
internal sealed class DefinitionHistoryGrain(
    [PersistentState(DefinitionHistoryGrain.StateName, TwinsSiloBuilderExtensions.ControlPlaneStorage)]
    IPersistentState<DefinitionHistoryState> stored) : Grain, IDefinitionHistory
{
    /// <summary>The grain's type and the state's name: what its row in grain storage is found by.</summary>
    public const string TypeName = "twingrid.definitions";

    /// <inheritdoc cref="TypeName"/>
    public const string StateName = "definition";

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        stored.State.EnsureIntact(this.GetPrimaryKeyString());
        return Task.CompletedTask;
    }

    public async Task<int> PublishAsync(string definition)
    {
        List<string> contents = stored.State.Contents;
        if (contents.Count == 0 || contents[^1] != definition)
        {
            stored.State.Add(definition);
            try
            {
                await stored.WriteStateAsync();
            }
            catch (Exception e)
            {
                // A revision that was not stored must not be given to anybody.
                stored.State.TakeBack();
                if (e is DbException)
                {
                    // Another silo cannot read the exceptions of a database's driver.
                    throw new TwinGridUnavailableException($"The store did not keep a definition: {e.Message}");
                }

                throw;
            }
        }

        return contents.Count;
    }

    public Task<string?> GetAsync(int revision) =>
        Task.FromResult(stored.State.Contents.ElementAtOrDefault(revision - 1));
}
