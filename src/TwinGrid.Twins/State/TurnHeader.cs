using System.Buffers.Binary;

namespace TwinGrid.Twins.State;

/// <summary>
/// What besides its inputs decides what a turn does: it stands in front of them in the log, so that a turn can be
/// folded again as it was.
/// </summary>
internal readonly record struct TurnHeader
{
    /// <summary>The bytes that a header takes.</summary>
    public const int Size = 1 + sizeof(byte) + sizeof(int) + sizeof(long) + sizeof(ushort) + sizeof(ushort);

    /// <summary>The kill switch as it stood.</summary>
    public required ControlMode Mode { get; init; }

    /// <summary>
    /// The <see cref="Definitions.CompiledKind.Revision"/> that was in force; 0 for an unmodelled kind.
    /// </summary>
    public required int DefinitionRevision { get; init; }

    /// <summary>Readings older than this on arrival are history, microseconds.</summary>
    public required long LiveWindow { get; init; }

    /// <summary>The most telemetry names.</summary>
    public required int MaxNames { get; init; }

    /// <summary>The most publishers.</summary>
    public required int MaxSources { get; init; }

    /// <summary>Writes the header: the form's version, then the members, little endian.</summary>
    public void Write(Span<byte> destination)
    {
        destination[0] = PackedInputs.Version;
        destination[1] = (byte)Mode;
        BinaryPrimitives.WriteInt32LittleEndian(destination[2..], DefinitionRevision);
        BinaryPrimitives.WriteInt64LittleEndian(destination[6..], LiveWindow);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[14..], (ushort)MaxNames);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[16..], (ushort)MaxSources);
    }

    /// <summary>Reads a header.</summary>
    /// <exception cref="TwinGridException">
    /// It is of another version: the log was written by a newer TwinGrid.
    /// </exception>
    public static TurnHeader Read(ReadOnlySpan<byte> source) =>
        source.Length >= Size && source[0] == PackedInputs.Version
            ? new TurnHeader
            {
                Mode = (ControlMode)source[1],
                DefinitionRevision = BinaryPrimitives.ReadInt32LittleEndian(source[2..]),
                LiveWindow = BinaryPrimitives.ReadInt64LittleEndian(source[6..]),
                MaxNames = BinaryPrimitives.ReadUInt16LittleEndian(source[14..]),
                MaxSources = BinaryPrimitives.ReadUInt16LittleEndian(source[16..]),
            }
            : throw new TwinGridException(
                $"a turn of the log is of form {(source.IsEmpty ? 0 : source[0])},"
                + $" this TwinGrid reads {PackedInputs.Version}");
}
