namespace TwinGrid.Dtdl.Parsing;

/// <summary>
/// Which units a semantic type may have: the QuantitativeTypes extension, version 1, for DTDL v3, and the part of it
/// that is built into DTDL v2 ("Semantic types, unit types, and units").
/// </summary>
internal static class SemanticTypes
{
    /// <summary>The classes that may have a semantic type.</summary>
    public static IReadOnlyList<DtdlClass> Classes { get; } =
    [
        DtdlClass.Telemetry,
        DtdlClass.Property,
        DtdlClass.Field,
        DtdlClass.MapValue,
        DtdlClass.CommandRequest,
        DtdlClass.CommandResponse,
        DtdlClass.CommandPayload,
    ];

    /// <summary>Each line: semantic types of one unit type, and its units; a plus marks what v2 lacks.</summary>
    private static readonly Line[] Lines =
    [
        new(
            "Acceleration",
            "centimetrePerSecondSquared gForce metrePerSecondSquared"),
        new(
            "Angle Latitude Longitude",
            "degreeOfArc minuteOfArc radian secondOfArc turn"),
        new(
            "AngularAcceleration",
            "radianPerSecondSquared"),
        new(
            "AngularVelocity",
            "degreePerSecond radianPerSecond revolutionPerMinute revolutionPerSecond"),
        new(
            "+ApparentEnergy",
            "+gigavoltAmpereHour +kilovoltAmpereHour +megavoltAmpereHour +voltAmpereHour"),
        new(
            "+ApparentPower",
            "+gigavoltAmpere +kilovoltAmpere +megavoltAmpere +millivoltAmpere +voltAmpere"),
        new(
            "Area",
            "acre hectare squareCentimetre squareFoot squareInch squareKilometre squareMetre "
            + "squareMillimetre"),
        new(
            "Capacitance",
            "farad microfarad millifarad nanofarad picofarad"),
        new(
            "ElectricCharge",
            "+ampereHour coulomb +milliampereHour"),
        new(
            "Current",
            "ampere +kiloampere microampere milliampere"),
        new(
            "DataRate",
            "bitPerSecond bytePerSecond exbibitPerSecond exbibytePerSecond gibibitPerSecond "
            + "gibibytePerSecond kibibitPerSecond kibibytePerSecond mebibitPerSecond mebibytePerSecond "
            + "tebibitPerSecond tebibytePerSecond yobibitPerSecond yobibytePerSecond zebibitPerSecond "
            + "zebibytePerSecond"),
        new(
            "DataSize",
            "bit byte exbibit exbibyte gibibit gibibyte kibibit kibibyte mebibit mebibyte tebibit "
            + "tebibyte yobibit yobibyte zebibit zebibyte"),
        new(
            "Density Humidity",
            "gramPerCubicMetre kilogramPerCubicMetre +microgramPerCubicMetre +milligramPerCubicMetre"),
        new(
            "Energy",
            "+britishThermalUnit electronvolt gigajoule +gigawattHour joule +kiloBritishThermalUnit "
            + "kilojoule kilowattHour megaelectronvolt megajoule +megawattHour +milliwattHour "
            + "+terawattHour +wattHour"),
        new(
            "Force Thrust",
            "newton ounce pound ton"),
        new(
            "Frequency",
            "gigahertz hertz kilohertz megahertz +millihertz"),
        new(
            "Illuminance",
            "footcandle lux"),
        new(
            "Inductance",
            "henry microhenry millihenry"),
        new(
            "+IonizingRadiationDose",
            "+gray +microgray +microsievert +milligray +millisievert +sievert"),
        new(
            "+Irradiance",
            "+wattPerSquareMetre"),
        new(
            "Distance Length",
            "astronomicalUnit centimetre foot inch kilometre metre micrometre mile millimetre nanometre "
            + "nauticalMile"),
        new(
            "Luminance",
            "candelaPerSquareMetre"),
        new(
            "LuminousFlux",
            "lumen"),
        new(
            "LuminousIntensity",
            "candela"),
        new(
            "MagneticFlux",
            "maxwell weber"),
        new(
            "MagneticInduction",
            "+gauss tesla"),
        new(
            "MassFlowRate",
            "gramPerHour gramPerSecond kilogramPerHour kilogramPerSecond +massPoundPerHour"),
        new(
            "Mass",
            "gram kilogram +massPound microgram milligram slug tonne"),
        new(
            "+EnergyRate Luminosity Power",
            "+britishThermalUnitPerHour +gigajoulePerHour gigawatt horsepower +joulePerHour "
            + "+joulePerSecond +kiloBritishThermalUnitPerHour +kilojoulePerHour +kilojoulePerSecond "
            + "kilowatt kilowattHourPerYear +megajoulePerHour megawatt microwatt milliwatt "
            + "+tonOfRefrigeration watt"),
        new(
            "Pressure",
            "bar +decapascal +hectopascal inchesOfMercury inchesOfWater kilopascal millibar "
            + "millimetresOfMercury pascal poundPerSquareInch"),
        new(
            "+Radioactivity",
            "+becquerel +gigabecquerel +kilobecquerel +megabecquerel"),
        new(
            "+ReactiveEnergy",
            "+gigavoltAmpereReactiveHour +kilovoltAmpereReactiveHour +megavoltAmpereReactiveHour "
            + "+voltAmpereReactiveHour"),
        new(
            "+ReactivePower",
            "+gigavoltAmpereReactive +kilovoltAmpereReactive +megavoltAmpereReactive "
            + "+millivoltAmpereReactive +voltAmpereReactive"),
        new(
            "Resistance",
            "kiloohm megaohm milliohm ohm"),
        new(
            "SoundPressure",
            "bel decibel"),
        new(
            "Temperature",
            "degreeCelsius degreeFahrenheit kelvin"),
        new(
            "TimeSpan",
            "day hour microsecond millisecond minute nanosecond second year"),
        new(
            "Torque",
            "newtonMetre"),
        new(
            "+Concentration +RelativeDensity RelativeHumidity",
            "+partsPerBillion +partsPerMillion +partsPerQuadrillion +partsPerTrillion percent unity"),
        new(
            "Velocity",
            "centimetrePerSecond kilometrePerHour kilometrePerSecond knot metrePerHour metrePerSecond "
            + "milePerHour milePerSecond"),
        new(
            "Voltage",
            "kilovolt megavolt microvolt millivolt volt"),
        new(
            "VolumeFlowRate",
            "+cubicFootPerMinute +cubicMetrePerHour +cubicMetrePerMinute +cubicMetrePerSecond "
            + "+gallonPerHour +gallonPerMinute litrePerHour +litrePerMinute litrePerSecond "
            + "millilitrePerHour +millilitrePerMinute millilitrePerSecond"),
        new(
            "Volume",
            "cubicCentimetre cubicFoot cubicInch cubicMetre fluidOunce gallon litre millilitre"),
    ];

    private static readonly Dictionary<string, IReadOnlyList<string>> Version2 = Build(withPlus: false);

    private static readonly Dictionary<string, IReadOnlyList<string>> Version3 = Build(withPlus: true);

    /// <summary>The units of a semantic type, or null where the text is none.</summary>
    /// <param name="text">Its term or its DTMI.</param>
    /// <param name="version">The version of DTDL.</param>
    /// <param name="term">Its term.</param>
    public static IReadOnlyList<string>? Find(string text, int version, out string term)
    {
        string prefix = version == 2 ? "dtmi:standard:class:" : "dtmi:dtdl:extension:quantitativeTypes:v1:class:";
        term = Strip(text, prefix, version);
        return (version == 2 ? Version2 : Version3).GetValueOrDefault(term);
    }

    /// <summary>Every semantic type of a version.</summary>
    public static IEnumerable<string> All(int version) => (version == 2 ? Version2 : Version3).Keys;

    /// <summary>The name of a unit that is written as a term or as its DTMI.</summary>
    public static string UnitName(string text, int version) => Strip(
        text, version == 2 ? "dtmi:standard:unit:" : "dtmi:dtdl:extension:quantitativeTypes:v1:unit:", version);

    private static string Strip(string text, string prefix, int version)
    {
        string suffix = version == 2 ? ";2" : "";
        return text.StartsWith(prefix, StringComparison.Ordinal) && text.EndsWith(suffix, StringComparison.Ordinal)
            ? text[prefix.Length..^suffix.Length]
            : text;
    }

    private static Dictionary<string, IReadOnlyList<string>> Build(bool withPlus)
    {
        Dictionary<string, IReadOnlyList<string>> unitsByType = new(StringComparer.Ordinal);
        foreach (Line line in Lines)
        {
            string[] units = Take(line.Units, withPlus);
            foreach (string type in Take(line.Types, withPlus))
            {
                unitsByType.Add(type, units);
            }
        }

        return unitsByType;
    }

    private static string[] Take(string words, bool withPlus) =>
    [
        .. words.Split(' ')
            .Where(word => withPlus || !word.StartsWith('+'))
            .Select(static word => word.TrimStart('+')),
    ];

    private readonly record struct Line(string Types, string Units);
}
