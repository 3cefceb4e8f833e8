using System.Runtime.CompilerServices;
using Orleans.Runtime;
using TwinGrid.Twins;

namespace TwinGrid.Tests.Simulation;

/// <summary>
/// The real twin grain in an activation as Orleans would run it: calls interleave on one lane, a call that comes while
/// it goes waits for the next activation, and one whose activation fails hears why.
/// </summary>
internal sealed class Activation : IGrainContext
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly SimulatedSilo _silo;
    private readonly TwinId _twin;
    private readonly Lane _lane;
    private readonly TwinGrain _grain;
    private readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private List<GrainCall> _waiting = [];
    private TaskCompletionSource? _idle;
    private int _running;
    private bool _isValid;
    private bool _isGoing;

    public Activation(SimulatedSilo silo, TwinId twin)
    {
        _silo = silo;
        _twin = twin;
        _lane = silo.Process.NewLane(inOrder: true);
        _grain = new TwinGrain(silo.Runtime);
        ContextOf(_grain) = this;
        RuntimeOf(_grain) = silo.Grains;
        GrainId = GrainId.Create("twingrid.twin", twin.ToGrainKey());
        _lane.Run(ActivateAsync);
    }

    /// <summary>The turns; null before it is loaded.</summary>
    public TwinTurns? Turns => TurnsOf(_grain);

    public bool IsValid => _isValid && !_isGoing;

    /// <summary>True when it is loaded and no turn of it is under way.</summary>
    public bool IsAtRest => IsValid && Turns is { } turns && !IsCommitting(turns);

    public GrainId GrainId { get; }

    public IWorkItemScheduler Scheduler => _lane;

    public Task Deactivated => _gone.Task;

    public object? GrainInstance => _grain;

    public GrainReference GrainReference => throw new NotSupportedException();

    public ActivationId ActivationId => throw new NotSupportedException();

    public GrainAddress Address => throw new NotSupportedException();

    public IServiceProvider ActivationServices => throw new NotSupportedException();

    public IGrainLifecycle ObservableLifecycle => throw new NotSupportedException();

    public void Take(GrainCall call)
    {
        if (!IsValid)
        {
            _waiting.Add(call);
            return;
        }

        _lane.Run(() => RunAsync(call));
    }

    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default)
    {
        if (!_isGoing)
        {
            _isGoing = true;
            if (_isValid)
            {
                _lane.Run(() => DeactivateAsync(deactivationReason));
            }
        }
    }

    public void SetComponent<TComponent>(TComponent? value)
        where TComponent : class => throw new NotSupportedException();

    public object? GetComponent(Type componentType) => throw new NotSupportedException();

    public object? GetTarget() => throw new NotSupportedException();

    public void ReceiveMessage(object message) => throw new NotSupportedException();

    public void Activate(Dictionary<string, object>? requestContext, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public void Rehydrate(IRehydrationContext context) => throw new NotSupportedException();

    public void Migrate(Dictionary<string, object>? requestContext, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public bool Equals(IGrainContext? other) => ReferenceEquals(this, other);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "<GrainContext>k__BackingField")]
    private static extern ref IGrainContext ContextOf(Grain grain);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "<Runtime>k__BackingField")]
    private static extern ref IGrainRuntime RuntimeOf(Grain grain);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_turns")]
    private static extern ref TwinTurns? TurnsOf(TwinGrain grain);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_isCommitting")]
    private static extern ref bool IsCommitting(TwinTurns turns);

    private async Task ActivateAsync()
    {
        try
        {
            await _grain.OnActivateAsync(CancellationToken.None);
        }
        catch (Exception e)
        {
            _isGoing = true;
            _silo.Forget(_twin, this);
            _waiting.ForEach(call => call.Fail(e));
            _gone.SetResult();
            return;
        }

        _isValid = true;
        if (_isGoing)
        {
            await DeactivateAsync(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, ""));
            return;
        }

        List<GrainCall> waiting = _waiting;
        _waiting = [];
        waiting.ForEach(Take);
    }

    private async Task DeactivateAsync(DeactivationReason reason)
    {
        if (_running > 0)
        {
            _idle = new TaskCompletionSource();
            await Task.WhenAny(_idle.Task, Task.Delay(s_patience, _silo.Process.Clock));
        }

        try
        {
            await _grain.OnDeactivateAsync(reason, CancellationToken.None);
        }
        finally
        {
            _isValid = false;
            _silo.Forget(_twin, this);
            _waiting.ForEach(call => _silo.Find(_twin).Take(call));
            _gone.SetResult();
        }
    }

    private async Task RunAsync(GrainCall call)
    {
        if (!IsValid)
        {
            // It went while the call waited for its step; if it has gone already, the next one takes it.
            (_gone.Task.IsCompleted ? _silo.Find(_twin) : this).Take(call);
            return;
        }

        _running++;
        await call.RunAsync(_grain);
        if (--_running == 0)
        {
            _idle?.TrySetResult();
        }
    }
}

/// <summary>One call of a twin, which an activation runs or refuses.</summary>
internal abstract class GrainCall
{
    public abstract Task RunAsync(ITwin twin);

    public abstract void Fail(Exception exception);
}

/// <inheritdoc/>
internal sealed class GrainCall<T>(Func<ITwin, Task<T>> method) : GrainCall
{
    // Who waits goes on on a lane of its own; told to go on by itself, a wait with a timeout would use the thread pool.
    private readonly TaskCompletionSource<T> _answer = new();

    public Task<T> Answer => _answer.Task;

    public override async Task RunAsync(ITwin twin)
    {
        try
        {
            _answer.TrySetResult(await method(twin));
        }
        catch (Exception e)
        {
            _answer.TrySetException(e);
        }
    }

    public override void Fail(Exception exception) => _answer.TrySetException(exception);
}
