namespace TwinGrid.Storage.PostgreSql;

/// <summary>Which silo a store writes for, so that a database tells the silos of its clusters apart.</summary>
/// <param name="Cluster">The cluster's name.</param>
/// <param name="Silo">The silo's name, the same after a restart.</param>
/// <param name="IsAlone">
/// True where the cluster has one silo: opening the store then fences every silo of the cluster that wrote before,
/// whatever its name was. False: only those of the same name, the others live.
/// </param>
/// <param name="NoteFile">
/// A file on the silo's own disk, which no backup of the database holds: how far the log went is noted there, so that
/// an older backup in its place is told at the next start. Null for nowhere, the default.
/// </param>
public sealed record StoreOwner(string Cluster, string Silo, bool IsAlone, string? NoteFile = null)
{
    /// <summary>
    /// By what name the others fence this life of it: its address with the generation. Null for a store that is in no
    /// cluster.
    /// </summary>
    public string? Life { get; init; }

    /// <summary>
    /// The lease that it begins with; it is prolonged by <see cref="ITwinStore.RenewLeaseAsync"/>. Zero, the default:
    /// it holds none, and whoever opens the store later takes it for dead.
    /// </summary>
    public TimeSpan Lease { get; init; }
}
