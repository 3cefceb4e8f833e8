using Orleans.Runtime;

namespace TwinGrid.Twins.Ingest;

/// <summary>Inputs for twins of one silo, as they travel.</summary>
[GenerateSerializer, Immutable, Alias("TwinGrid.IngestBatch")]
internal sealed class IngestBatch
{
    /// <summary>The form's version; calls between silos are not versioned by Orleans.</summary>
    [Id(0)]
    public byte Version { get; init; } = PackedInputs.Version;

    /// <summary>Whose inputs.</summary>
    [Id(1)]
    public required TwinId[] Twins { get; init; }

    /// <summary>Packed inputs, one for each of <see cref="Twins"/>.</summary>
    [Id(2)]
    public required byte[][] Inputs { get; init; }

    /// <summary>Who sends it; null from silos of the first version, which number nothing.</summary>
    [Id(3)]
    public SiloAddress? Sender { get; init; }

    /// <summary>The batch's number at its sender: one that comes again is the same batch.</summary>
    [Id(4)]
    public long Number { get; init; }

    /// <summary>The sender has the answers of all batches before this number.</summary>
    [Id(5)]
    public long Oldest { get; init; }
}
