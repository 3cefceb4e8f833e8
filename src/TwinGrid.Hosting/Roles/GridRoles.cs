namespace TwinGrid.Hosting.Roles;

/// <summary>What a process does in the cluster; key <c>TwinGrid:Roles</c>, names with commas between them.</summary>
[Flags]
public enum GridRoles
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>It listens to devices.</summary>
    Gateway = 1,

    /// <summary>Twins live in it.</summary>
    Twins = 2,

    /// <summary>It answers HTTP; health and metrics every process does.</summary>
    Api = 4,

    /// <summary>All of it: the default.</summary>
    All = Gateway | Twins | Api,
}
