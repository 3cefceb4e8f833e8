namespace TwinGrid.Hosting.Settings;

/// <summary>
/// Every key of the configuration section <c>TwinGrid</c>. Nothing else may stand there: a key that is not read
/// would be a mistake that nobody notices. Reserved keys are here so that they are refused with their reason.
/// </summary>
internal static class SettingsTable
{
    public const string Section = "TwinGrid";

    private static readonly SettingForm Port = SettingForm.Whole(1, 65_535);

    private static readonly SettingForm Bound = SettingForm.Whole(1, int.MaxValue);

    public static IReadOnlyList<Setting> All { get; } =
    [
        new("Roles", SettingForm.SomeOf("Gateway", "Twins", "Api")),
        new("DataDirectory", SettingForm.Text),
        new("DefinitionsDirectory", SettingForm.Text),
        new("Storage:Provider", SettingForm.OneOf("Sqlite", "PostgreSql")),
        new("Storage:ConnectionString", SettingForm.Text),
        new("Mqtt:Address", SettingForm.Address),
        new("Mqtt:Port", SettingForm.Whole(-1, 65_535)),
        new("Mqtt:TopicRoot", SettingForm.Name),
        new("Mqtt:Bridge:Server", SettingForm.Text), // judged with the options: what is said of it shows no password
        new("Mqtt:Bridge:CertificateAuthority", SettingForm.Text),
        new("Mqtt:Bridge:Certificate", SettingForm.Text),
        new("Mqtt:Bridge:CertificateKey", SettingForm.Text),
        new("Mqtt:Bridge:ClientId", SettingForm.Name),
        new("Mqtt:Bridge:Topics", SettingForm.Text),
        new("Mqtt:Bridge:Publish", SettingForm.SomeOf("State", "Predictions", "Alarms", "Commands", "Desired")),
        new("Mqtt:Bridge:ReceiveMaximum", SettingForm.Whole(1, 65_535)),
        new("Mqtt:Bridge:SessionExpiry", SettingForm.Duration),
        new("Mqtt:Acknowledge", SettingForm.OneOf("Durable", "Applied")),
        new("Mqtt:OpenTopics", SettingForm.Flag),
        new("Ingest:NewTwins", SettingForm.OneOf("Any", "KnownKinds", "Existing")),
        new("Ingest:LiveWindow", SettingForm.Duration),
        new("Control:Mode", SettingForm.OneOf("Off", "Advise", "Act")),
        new("Http:Address", SettingForm.Address),
        new("Http:Port", SettingForm.Whole(0, 65_535)),
        new("Http:OrleansDashboard", SettingForm.Flag),
        new("Http:Timeout", SettingForm.Duration),
        new("Security:AllowPlaintext", SettingForm.Flag),
        new("Limits:Twins", Bound),
        new("Limits:NewTwinsPerMinute", Bound),
        new("Limits:TelemetryNamesPerKind", SettingForm.Whole(1, 65_535)),
        new("Limits:SourcesPerTwin", SettingForm.Whole(1, 255)),
        new("Limits:DeadLetters", Bound),
        new("Limits:DeadLettersKeep", SettingForm.Duration),
        new("Limits:HistoryKeep", SettingForm.Time),
        new("Limits:ConnectionsPerAddress", Bound),
        new("Limits:InFlightPerConnection", SettingForm.Whole(1, 65_535)),
        new("Limits:Sessions", Bound),
        new("Limits:SessionKeep", SettingForm.Duration),
        new("Limits:FiltersPerSession", SettingForm.Whole(1, 1_000_000)),
        new("Limits:QueuedPerSession", SettingForm.Whole(1, 65_535)),
        new("Limits:Watchers", Bound),
        new("Limits:WatchersPerTwin", Bound),
        new("Limits:WatchBufferBytes", Bound),
        new("Limits:IngestBytes", SettingForm.Whole(1_048_576, int.MaxValue)),
        new("Limits:PacketBytes", SettingForm.Whole(1_024, 268_435_455)),
        new("Cluster:Membership", SettingForm.OneOf("Localhost", "PostgreSql", "Sqlite")),
        new("Cluster:ClusterId", SettingForm.Text),
        new("Cluster:ServiceId", SettingForm.Text),
        new("Cluster:SiloName", SettingForm.Text),
        new("Cluster:SiloPort", Port),
        new("Cluster:SiloListenPort", SettingForm.Whole(0, 65_535)),
        new("Cluster:GatewayPort", Port),
        new("Cluster:AdvertisedAddress", SettingForm.Address),
        new("Cluster:GrainDirectory", SettingForm.OneOf("Distributed", "Local")),
        new("Cluster:ProbeTimeout", SettingForm.Duration),
        new("Cluster:MaxProbeTimeout", SettingForm.Duration),
        new("Cluster:MissedProbes", SettingForm.Whole(1, 100)),
        new("Cluster:Lease", SettingForm.Duration),
        new("Cluster:MovesPerSecond", SettingForm.Whole(1, 1_000_000)),
        new("Cluster:TableRefresh", SettingForm.Duration),
    ];
}
