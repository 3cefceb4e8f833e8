namespace TwinGrid;

/// <content>Electricity, magnetism, data; then light, radiation, sound, ratios and time.</content>
internal static partial class UnitTable
{
    private static IEnumerable<Row> ElectricalRows =>
    [
        new("voltage", "volt", "V", 1),
        new("voltage", "microvolt", "µV", 1, 1e6),
        new("voltage", "millivolt", "mV", 1, 1e3),
        new("voltage", "kilovolt", "kV", 1e3),
        new("voltage", "megavolt", "MV", 1e6),

        new("current", "ampere", "A", 1),
        new("current", "microampere", "µA", 1, 1e6),
        new("current", "milliampere", "mA", 1, 1e3),
        new("current", "kiloampere", "kA", 1e3),

        new("charge", "coulomb", "", 1),
        new("charge", "ampereHour", "Ah", Hour),
        new("charge", "milliampereHour", "mAh", Hour, 1000),

        new("resistance", "ohm", "Ω", 1),
        new("resistance", "milliohm", "mΩ", 1, 1e3),
        new("resistance", "kiloohm", "kΩ", 1e3),
        new("resistance", "megaohm", "MΩ", 1e6),

        new("conductivity", "siemensPerMetre", "S/m", 1),
        new("conductivity", "microsiemensPerCentimetre", "µS/cm", 1, 1e4),

        new("capacitance", "farad", "", 1),
        new("capacitance", "millifarad", "mF", 1, 1e3),
        new("capacitance", "microfarad", "µF", 1, 1e6),
        new("capacitance", "nanofarad", "nF", 1, 1e9),
        new("capacitance", "picofarad", "pF", 1, 1e12),

        new("inductance", "henry", "H", 1),
        new("inductance", "millihenry", "mH", 1, 1e3),
        new("inductance", "microhenry", "µH", 1, 1e6),

        new("magnetic flux", "weber", "Wb", 1),
        new("magnetic flux", "maxwell", "Mx", 1, 1e8),
        new("magnetic induction", "tesla", "", 1),
        new("magnetic induction", "gauss", "", 1, 1e4),

        new("apparent power", "voltAmpere", "VA", 1),
        new("apparent power", "millivoltAmpere", "mVA", 1, 1e3),
        new("apparent power", "kilovoltAmpere", "kVA", 1e3),
        new("apparent power", "megavoltAmpere", "MVA", 1e6),
        new("apparent power", "gigavoltAmpere", "GVA", 1e9),

        new("apparent energy", "voltAmpereHour", "VAh", 1),
        new("apparent energy", "kilovoltAmpereHour", "kVAh", 1e3),
        new("apparent energy", "megavoltAmpereHour", "MVAh", 1e6),
        new("apparent energy", "gigavoltAmpereHour", "GVAh", 1e9),

        new("reactive power", "voltAmpereReactive", "var", 1),
        new("reactive power", "millivoltAmpereReactive", "mvar", 1, 1e3),
        new("reactive power", "kilovoltAmpereReactive", "kvar", 1e3),
        new("reactive power", "megavoltAmpereReactive", "Mvar", 1e6),
        new("reactive power", "gigavoltAmpereReactive", "Gvar", 1e9),

        new("reactive energy", "voltAmpereReactiveHour", "varh", 1),
        new("reactive energy", "kilovoltAmpereReactiveHour", "kvarh", 1e3),
        new("reactive energy", "megavoltAmpereReactiveHour", "Mvarh", 1e6),
        new("reactive energy", "gigavoltAmpereReactiveHour", "Gvarh", 1e9),

        new("frequency", "hertz", "Hz", 1),
        new("frequency", "millihertz", "mHz", 1, 1e3),
        new("frequency", "kilohertz", "kHz", 1e3),
        new("frequency", "megahertz", "MHz", 1e6),
        new("frequency", "gigahertz", "GHz", 1e9),

        new("data size", "bit", "", 1),
        new("data size", "kibibit", "Kibit", Kibi),
        new("data size", "mebibit", "Mibit", Mebi),
        new("data size", "gibibit", "Gibit", Gibi),
        new("data size", "tebibit", "Tibit", Tebi),
        new("data size", "exbibit", "Eibit", Exbi),
        new("data size", "zebibit", "Zibit", Zebi),
        new("data size", "yobibit", "Yibit", Yobi),
        new("data size", "byte", "", 8),
        new("data size", "kibibyte", "KiB", 8 * Kibi),
        new("data size", "mebibyte", "MiB", 8 * Mebi),
        new("data size", "gibibyte", "GiB", 8 * Gibi),
        new("data size", "tebibyte", "TiB", 8 * Tebi),
        new("data size", "exbibyte", "EiB", 8 * Exbi),
        new("data size", "zebibyte", "ZiB", 8 * Zebi),
        new("data size", "yobibyte", "YiB", 8 * Yobi),

        new("data rate", "bitPerSecond", "bit/s", 1),
        new("data rate", "kilobitPerSecond", "kbit/s", 1e3),
        new("data rate", "megabitPerSecond", "Mbit/s", 1e6),
        new("data rate", "gigabitPerSecond", "Gbit/s", 1e9),
        new("data rate", "kibibitPerSecond", "Kibit/s", Kibi),
        new("data rate", "mebibitPerSecond", "Mibit/s", Mebi),
        new("data rate", "gibibitPerSecond", "Gibit/s", Gibi),
        new("data rate", "tebibitPerSecond", "Tibit/s", Tebi),
        new("data rate", "exbibitPerSecond", "Eibit/s", Exbi),
        new("data rate", "zebibitPerSecond", "Zibit/s", Zebi),
        new("data rate", "yobibitPerSecond", "Yibit/s", Yobi),
        new("data rate", "bytePerSecond", "byte/s", 8),
        new("data rate", "kibibytePerSecond", "KiB/s", 8 * Kibi),
        new("data rate", "mebibytePerSecond", "MiB/s", 8 * Mebi),
        new("data rate", "gibibytePerSecond", "GiB/s", 8 * Gibi),
        new("data rate", "tebibytePerSecond", "TiB/s", 8 * Tebi),
        new("data rate", "exbibytePerSecond", "EiB/s", 8 * Exbi),
        new("data rate", "zebibytePerSecond", "ZiB/s", 8 * Zebi),
        new("data rate", "yobibytePerSecond", "YiB/s", 8 * Yobi),
    ];

    private static IEnumerable<Row> OtherRows =>
    [
        new("illuminance", "lux", "lx", 1),
        new("illuminance", "footcandle", "fc", 1, Foot * Foot),
        new("luminance", "candelaPerSquareMetre", "cd/m²", 1),
        new("luminous flux", "lumen", "lm", 1),
        new("luminous intensity", "candela", "cd", 1),
        new("irradiance", "wattPerSquareMetre", "W/m²", 1),

        new("radioactivity", "becquerel", "Bq", 1),
        new("radioactivity", "kilobecquerel", "kBq", 1e3),
        new("radioactivity", "megabecquerel", "MBq", 1e6),
        new("radioactivity", "gigabecquerel", "GBq", 1e9),
        new("absorbed dose", "gray", "Gy", 1),
        new("absorbed dose", "milligray", "mGy", 1, 1e3),
        new("absorbed dose", "microgray", "µGy", 1, 1e6),
        new("dose equivalent", "sievert", "Sv", 1),
        new("dose equivalent", "millisievert", "mSv", 1, 1e3),
        new("dose equivalent", "microsievert", "µSv", 1, 1e6),

        new("sound pressure level", "bel", "", 1),
        new("sound pressure level", "decibel", "dB", 1, 10),

        new("ratio", "unity", "", 1),
        new("ratio", "percent", "%", 1, 100),
        new("ratio", "partsPerMillion", "ppm", 1, 1e6),
        new("ratio", "partsPerBillion", "ppb", 1, 1e9),
        new("ratio", "partsPerTrillion", "", 1, 1e12),
        new("ratio", "partsPerQuadrillion", "ppq", 1, 1e15),

        new("time", "second", "s", 1),
        new("time", "nanosecond", "ns", 1, 1e9),
        new("time", "microsecond", "µs", 1, 1e6),
        new("time", "millisecond", "ms", 1, 1e3),
        new("time", "minute", "min", Minute),
        new("time", "hour", "h", Hour),
        new("time", "day", "d", Day),
        new("time", "year", "yr", Year),
    ];
}
