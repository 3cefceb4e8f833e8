namespace TwinGrid.Tests.Simulation;

/// <summary>
/// A fault that somebody could build in, made at a seam of the product; this one is none. A simulation that does not
/// notice one proves nothing.
/// </summary>
internal class Mutation
{
    /// <summary>False when devices do commands whose time is over.</summary>
    public virtual bool LooksAtExpiry => true;

    /// <summary>True when a command that is asked for once more is a new one.</summary>
    public virtual bool RetriesAnew => false;

    /// <summary>Changes the database.</summary>
    public virtual void Begin(Database database)
    {
    }

    /// <summary>Stands between a silo's twins and their store.</summary>
    public virtual ITwinStore Store(SimulatedStore store, World world, Database database) => store;

    /// <summary>Stands between gateways and the road to the twins.</summary>
    public virtual ITwinIngest Road(ITwinIngest road) => road;

    /// <summary>Stands between twins and those outside.</summary>
    public virtual IEffectSink Sink(IEffectSink sink) => sink;

    /// <summary>Stands between a reader and a twin.</summary>
    public virtual Task<TwinSnapshot?> ReadAsync(ITwin twin, TwinId id) => twin.GetAsync();
}
