using TwinGrid.Twins.Definitions;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins.History;

/// <summary>What a stored state is beside one that was folded again.</summary>
internal enum StateMatch
{
    /// <summary>Equal bit for bit.</summary>
    Same,

    /// <summary>Another.</summary>
    Other,

    /// <summary>Another version of the fold took part, which may have made another: nothing is promised.</summary>
    OtherFold,
}

/// <summary>
/// Folds a twin's log again, turn by turn, each under the definition that was in force: recovery, as-of and sealing
/// are the same walk.
/// </summary>
internal sealed class TwinReplay
{
    private readonly KindRegistry _kinds;
    private readonly TurnEffects _effects;

    private TwinReplay(TwinState state, byte foldVersion, KindRegistry kinds, ReadingRecorder? recorder)
    {
        State = state;
        FoldVersion = foldVersion;
        _kinds = kinds;
        _effects = new TurnEffects { Recorder = recorder };
    }

    /// <summary>The twin as it was after the last turn.</summary>
    public TwinState State { get; private set; }

    /// <summary>
    /// The version of the fold that the state is of; another than this one's where any turn of it was.
    /// </summary>
    public byte FoldVersion { get; private set; }

    /// <summary>
    /// True while the state that it began with and every turn since were of this version of the fold: the state is
    /// equal bit for bit.
    /// </summary>
    public bool IsExact => FoldVersion == TwinFold.Version;

    /// <summary>Begins with a stored state, or with an empty twin.</summary>
    public static async Task<TwinReplay> BeginAsync(
        TwinId twin, StoredSnapshot? from, KindRegistry kinds, ReadingRecorder? recorder = null)
    {
        if (from is null)
        {
            TwinState empty = new(twin, kinds.Current(twin.Kind));
            return new TwinReplay(empty, TwinFold.Version, kinds, recorder);
        }

        CompiledKind kind = await kinds.GetAsync(twin.Kind, StateReader.KindRevision(from.State.Span));
        return new TwinReplay(StateReader.Read(twin, kind, from.State), from.FoldVersion, kinds, recorder);
    }

    /// <summary>Folds the next turn.</summary>
    public async ValueTask ApplyAsync(TwinTurn turn)
    {
        TurnHeader header = TurnHeader.Read(turn.Inputs.Span);
        if (State.Kind.Revision != header.DefinitionRevision)
        {
            State = Moved(State, await _kinds.GetAsync(State.Twin.Kind, header.DefinitionRevision));
        }

        TwinFold.Apply(State, header, turn.Inputs.Span[TurnHeader.Size..], _effects);
        State.Revision = turn.Revision;
        FoldVersion = turn.FoldVersion == TwinFold.Version ? FoldVersion : turn.FoldVersion;
        _effects.Clear();
    }

    /// <summary>Compares a stored state of the same revision.</summary>
    public async ValueTask<StateMatch> CompareAsync(StoredSnapshot stored)
    {
        if (!IsExact || stored.FoldVersion != TwinFold.Version)
        {
            return StateMatch.OtherFold;
        }

        int revision = StateReader.KindRevision(stored.State.Span);
        TwinState state = State.Kind.Revision == revision
            ? State
            : Moved(State, await _kinds.GetAsync(stored.Twin.Kind, revision));
        return StateWriter.Write(state).AsSpan().SequenceEqual(stored.State.Span) ? StateMatch.Same : StateMatch.Other;
    }

    /// <summary>A copy of a state laid out for another revision of its kind.</summary>
    public static TwinState Moved(TwinState state, CompiledKind kind) =>
        StateReader.Read(state.Twin, kind, StateWriter.Write(state));
}
