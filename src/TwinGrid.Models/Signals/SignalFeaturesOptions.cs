namespace TwinGrid.Models.Signals;

/// <summary>In what the shaft's speed is given.</summary>
internal enum SpeedUnit : byte
{
    /// <summary>Turns a minute.</summary>
    Rpm = 0,

    /// <summary>Turns a second.</summary>
    Hertz = 1,
}

/// <summary>The options of <see cref="SignalFeatures"/>.</summary>
/// <param name="Orders">
/// The defects' frequencies as multiples of the shaft's: of <c>balls</c>, <c>ballDiameter</c>, <c>pitchDiameter</c> and
/// <c>contactAngle</c> (degrees, default 0), or as a catalogue gives them, <c>bpfo</c>, <c>bpfi</c>, <c>bsf</c> and
/// <c>ftf</c>. Without any there is no bearing, only the features of the block itself, and no other option.
/// </param>
/// <param name="Speed">The shaft's speed where no input gives it; else NaN.</param>
/// <param name="SpeedUnit"><c>rpm</c> (default) or <c>hertz</c>, of the option and the input.</param>
/// <param name="Lower">
/// Where the band of the envelope begins, Hz. Default 2,000 or an eighth of the rate, whichever is less.
/// </param>
/// <param name="Upper">
/// Where it ends, Hz. Default 10,000 or two fifths of the rate, whichever is less: between the two most bearings'
/// housings resonate.
/// </param>
/// <param name="Harmonics">How many multiples of a defect's frequency count, 1 to 10; default 3.</param>
/// <param name="Slip">How far from its frequency a defect is looked for, relative, 0 to 0.1; default 0.02.</param>
/// <param name="Threshold">From which value on a defect is likely, 1.5 to 1000; default 4.</param>
internal sealed record SignalFeaturesOptions(
    BearingOrders? Orders,
    double Speed,
    SpeedUnit SpeedUnit,
    double? Lower,
    double? Upper,
    int Harmonics,
    double Slip,
    double Threshold)
{
    private const double Most = 1e6;

    private static readonly string[] OfBearing =
        ["contactAngle", "speed", "speedUnit", "lower", "upper", "harmonics", "slip", "threshold"];

    public static SignalFeaturesOptions Read(ModelOptions options, bool hasSpeedInput)
    {
        SignalFeaturesOptions read = new(
            ReadOrders(options),
            options.OptionalNumber("speed", 0, Most) ?? double.NaN,
            options.Choice("speedUnit", SpeedUnit.Rpm),
            options.OptionalNumber("lower", 0, 1e9),
            options.OptionalNumber("upper", 0, 1e9),
            options.Whole("harmonics", 3, 1, 10),
            options.Number("slip", 0.02, 0, 0.1),
            options.Number("threshold", 4, 1.5, 1000));
        options.RefuseOthers();
        if (read.Lower >= read.Upper)
        {
            throw options.WrongOption("upper", "the band ends before it begins");
        }

        if (read.Orders is null && Array.Find(OfBearing, options.Has) is { } useless)
        {
            throw options.WrongOption(
                useless,
                "without a bearing (balls, ballDiameter and pitchDiameter, or bpfo, bpfi, bsf or ftf) it has no use");
        }

        bool hasSpeed = !double.IsNaN(read.Speed);
        if (hasSpeed && hasSpeedInput)
        {
            throw options.WrongOption("speed", "the second input is the speed: leave one of them out");
        }

        return read.Orders is null || hasSpeed || hasSpeedInput
            ? read
            : throw options.WrongOption("speed", "a bearing's defects need the shaft's speed, here or as second input");
    }

    private static BearingOrders? ReadOrders(ModelOptions options)
    {
        int? balls = options.OptionalWhole("balls", 1, 1000);
        double? ball = options.OptionalNumber("ballDiameter", 1e-6, Most);
        double? pitch = options.OptionalNumber("pitchDiameter", 1e-6, Most);
        double angle = options.Number("contactAngle", 0, 0, 89);
        double?[] given =
        [
            options.OptionalNumber("bpfo", 1e-3, Most), options.OptionalNumber("bpfi", 1e-3, Most),
            options.OptionalNumber("bsf", 1e-3, Most), options.OptionalNumber("ftf", 1e-3, Most),
        ];
        if (balls is null && ball is null && pitch is null)
        {
            if (Array.TrueForAll(given, order => order is null))
            {
                return null;
            }

            return options.Has("contactAngle")
                ? throw options.WrongOption("contactAngle", "it goes with balls, ballDiameter and pitchDiameter")
                : new BearingOrders(Order(0), Order(1), Order(2), Order(3));
        }

        if (balls is null || ball is null || pitch is null || ball >= pitch)
        {
            throw options.WrongOption(
                "balls", "a bearing is balls, ballDiameter and pitchDiameter, the last one the greatest of the two");
        }

        BearingOrders known = BearingOrders.Of(balls.Value, ball.Value, pitch.Value, angle);
        return new BearingOrders(
            given[0] ?? known.Outer, given[1] ?? known.Inner, given[2] ?? known.Ball, given[3] ?? known.Cage);

        double Order(int defect) => given[defect] ?? double.NaN;
    }
}
