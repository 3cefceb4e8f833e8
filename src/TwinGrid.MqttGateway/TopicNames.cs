namespace TwinGrid.MqttGateway;

/// <summary>The words of topics under <c>{root}/{kind}/{key}/</c>, see the contract's section on MQTT.</summary>
internal static class TopicNames
{
    public const string Telemetry = "telemetry";
    public const string Forecasts = "forecasts";
    public const string Properties = "properties";
    public const string Reported = "reported";
    public const string Desired = "desired";
    public const string Commands = "commands";
    public const string Results = "results";
    public const string State = "state";
    public const string Predictions = "predictions";
    public const string Alarms = "alarms";
    public const string Online = "online";
}
