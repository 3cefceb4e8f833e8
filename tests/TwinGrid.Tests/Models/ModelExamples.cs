namespace TwinGrid.Tests.Models;

/// <summary>A twin of each registered type: those that the tests of any model run over.</summary>
internal static class ModelExamples
{
    /// <summary>That of <see cref="SignalBlocks.Machine"/>.</summary>
    private const string Bearing =
        """{ "balls": 9, "ballDiameter": 7.94, "pitchDiameter": 39.04, "speed": 60 }""";

    private static readonly Dictionary<string, Func<RunningModel>> Known = new()
    {
        ["PowerCurve"] = () => RunningModel.PowerCurve(),
        ["TrendToLimit"] = () => RunningModel.TrendToLimit("""{ "limit": 85 }"""),
        ["RemainingLife"] = () => RunningModel.Start(RemainingLifeFleet.OneSensor),
        ["ProcessMonitor"] = () => ProcessPlant.Monitor(),
        ["PowerForecast"] = () => PowerForecastTests.Farm(),
        ["Signals"] = () => RunningModel.Start(RunningModel.Define("Signals", Bearing, "vibration", null)),
    };

    /// <summary>Seconds between two readings; of hearts, between two beats.</summary>
    public static double Step(string type) => type == "HeartRhythm" ? 0.8 : 100;

    /// <summary>What a signal about ten is multiplied by to be one that the type is made for.</summary>
    public static double Scale(string type) => type == "HeartRhythm" ? 0.08 : 1;

    /// <summary>
    /// A twin that has seen nothing. A type that is new here runs with one input and no options, with an output where
    /// it wants one; one that wants more fails until it has an example above.
    /// </summary>
    public static RunningModel Start(string type)
    {
        if (Known.TryGetValue(type, out Func<RunningModel>? start))
        {
            return start();
        }

        try
        {
            return RunningModel.Start(RunningModel.Define(type, "{}", "input", null));
        }
        catch (DefinitionException)
        {
            return RunningModel.Start(RunningModel.Define(type, "{}", "input", "output"));
        }
    }
}
