using CsCheck;
using TwinGrid.Dtdl.Parsing;

namespace TwinGrid.Tests.Dtdl;

public class UnitsTests
{
    /// <summary>NIST SP 811 (2008), appendix B.8, factors as printed: seven digits.</summary>
    [Theory]
    [InlineData("psi", "Pa", 6.894757e3)]
    [InlineData("inHg", "Pa", 3.386389e3)]
    [InlineData("inH2O", "Pa", 2.490889e2)]
    [InlineData("mmHg", "Pa", 1.333224e2)]
    [InlineData("bar", "kPa", 100)]
    [InlineData("millibar", "pascal", 100)]
    [InlineData("britishThermalUnit", "joule", 1.055056e3)]
    [InlineData("britishThermalUnitPerHour", "watt", 2.930711e-1)]
    [InlineData("kWh", "J", 3.6e6)]
    [InlineData("electronvolt", "J", 1.602177e-19)]
    [InlineData("horsepower", "watt", 7.456999e2)]
    [InlineData("tonOfRefrigeration", "watt", 3.516853e3)]
    [InlineData("gallon", "cubicMetre", 3.785412e-3)]
    [InlineData("fluidOunce", "cubicMetre", 2.957353e-5)]
    [InlineData("cubicFoot", "cubicMetre", 2.831685e-2)]
    [InlineData("cubicInch", "cubicMetre", 1.638706e-5)]
    [InlineData("gallonPerMinute", "cubicMetrePerSecond", 6.309020e-5)]
    [InlineData("cubicFootPerMinute", "cubicMetrePerSecond", 4.719474e-4)]
    [InlineData("pound", "newton", 4.448222)]
    [InlineData("ounce", "newton", 2.780139e-1)]
    [InlineData("ton", "newton", 8.896443e3)]
    [InlineData("massPound", "kilogram", 4.535924e-1)]
    [InlineData("slug", "kilogram", 1.459390e1)]
    [InlineData("massPoundPerHour", "kilogramPerSecond", 1.259979e-4)]
    [InlineData("knot", "m/s", 5.144444e-1)]
    [InlineData("mph", "m/s", 4.4704e-1)]
    [InlineData("kilometrePerHour", "metrePerSecond", 2.777778e-1)]
    [InlineData("mile", "metre", 1.609344e3)]
    [InlineData("nauticalMile", "metre", 1852)]
    [InlineData("inch", "mm", 25.4)]
    [InlineData("squareFoot", "squareMetre", 9.290304e-2)]
    [InlineData("acre", "squareFoot", 43_560)]
    [InlineData("hectare", "squareMetre", 1e4)]
    [InlineData("revolutionPerMinute", "radianPerSecond", 1.047198e-1)]
    [InlineData("degreeOfArc", "radian", 1.745329e-2)]
    [InlineData("minuteOfArc", "radian", 2.908882e-4)]
    [InlineData("secondOfArc", "radian", 4.848137e-6)]
    [InlineData("gForce", "m/s²", 9.80665)]
    [InlineData("footcandle", "lux", 1.076391e1)]
    [InlineData("gauss", "tesla", 1e-4)]
    [InlineData("maxwell", "weber", 1e-8)]
    [InlineData("ampereHour", "coulomb", 3600)]
    [InlineData("year", "second", 3.1536e7)]
    [InlineData("percent", "unity", 0.01)]
    [InlineData("kibibyte", "bit", 8192)]
    [InlineData("mebibitPerSecond", "bit/s", 1_048_576)]
    public void One_of_a_unit_is_as_much_as_the_tables_of_NIST_say(string from, string to, double factor)
    {
        Assert.True(Units.TryConvert(1, from, to, out double converted));
        Assert.Equal(1, converted / factor, 5e-7);
    }

    [Theory]
    [InlineData(98.6, "degreeFahrenheit", "degreeCelsius", 37)]
    [InlineData(32, "°F", "°C", 0)]
    [InlineData(100, "degC", "degF", 212)]
    [InlineData(-40, "°C", "°F", -40)]
    [InlineData(0, "kelvin", "degreeCelsius", -273.15)]
    [InlineData(21.5, "degreeCelsius", "K", 294.65)]
    [InlineData(36, "km/h", "m/s", 10)]
    [InlineData(10, "m/s", "km/h", 36)]
    [InlineData(3000, "rpm", "rps", 50)]
    [InlineData(1500, "rpm", "deg/s", 9000)]
    public void Scales_meet_where_their_definitions_say(double value, string from, string to, double expected)
    {
        Assert.True(Units.TryConvert(value, from, to, out double converted));
        Assert.Equal(expected, converted, 1e-12);
    }

    [Theory]
    [InlineData("newtonMetre", "joule")]
    [InlineData("watt", "voltAmpere")]
    [InlineData("hertz", "revolutionPerSecond")]
    [InlineData("gray", "sievert")]
    [InlineData("massPound", "pound")]
    public void What_measures_something_else_is_not_converted(string from, string to)
    {
        Assert.False(Units.TryConvert(7, from, to, out double converted));
        Assert.Equal(7, converted);
    }

    [Theory]
    [InlineData("C")]
    [InlineData("F")]
    [InlineData("T")]
    [InlineData("oz")]
    [InlineData("ppt")]
    [InlineData("mw")]
    [InlineData("degreesCelsius")]
    [InlineData("")]
    public void What_means_two_things_or_none_is_not_known(string unit)
    {
        Assert.False(Units.IsKnown(unit));
        Assert.False(Units.TryConvert(1, unit, unit, out _));
        Assert.False(Units.TryGetName(unit, out string name));
        Assert.Equal(unit, name);
    }

    [Theory]
    [InlineData("µm", "micrometre")]
    [InlineData("\u03BCm", "micrometre")]
    [InlineData("um", "micrometre")]
    [InlineData("kΩ", "kiloohm")]
    [InlineData("k\u2126", "kiloohm")]
    [InlineData("kohm", "kiloohm")]
    [InlineData("m3/h", "cubicMetrePerHour")]
    [InlineData("m^3/h", "cubicMetrePerHour")]
    [InlineData("Nm", "newtonMetre")]
    [InlineData("N*m", "newtonMetre")]
    [InlineData("fl oz", "fluidOunce")]
    [InlineData("MW", "megawatt")]
    [InlineData("mW", "milliwatt")]
    [InlineData("%", "percent")]
    [InlineData("knot", "knot")]
    public void A_symbol_is_known_in_its_usual_spellings(string symbol, string name)
    {
        Assert.True(Units.TryGetName(symbol, out string known));
        Assert.Equal(name, known);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Every_unit_of_DTDL_is_known_and_those_of_one_semantic_type_convert_into_each_other(int version)
    {
        foreach (string type in SemanticTypes.All(version))
        {
            string[] units = [.. SemanticTypes.Find(type, version, out _)!];
            Assert.All(units, static unit => Assert.True(Units.IsKnown(unit), unit));

            // Absorbed dose and dose equivalent share a unit type in DTDL and are two quantities in the SI.
            int quantities = units.Select(Units.QuantityOf).Distinct().Count();
            Assert.Equal(type == "IonizingRadiationDose" ? 2 : 1, quantities);
        }
    }

    [Fact]
    public void A_value_comes_back_from_every_unit_of_its_quantity()
    {
        (string From, string To)[] pairs =
        [
            .. from a in Units.Names
               from b in Units.Names
               where Units.QuantityOf(a) == Units.QuantityOf(b)
               select (a, b),
        ];
        Gen.Select(Gen.Int[0, pairs.Length - 1], Gen.Double[-1e6, 1e6]).Sample((index, value) =>
        {
            (string From, string To) pair = pairs[index];
            Assert.True(Units.TryConvert(value, pair.From, pair.To, out double there));
            Assert.True(Units.TryConvert(there, pair.To, pair.From, out double back));
            Assert.Equal(value, back, 1e-9 * Math.Max(1, Math.Abs(value)));
        });
    }

    [Fact]
    public void Converting_allocates_nothing()
    {
        Units.TryConvert(1, "°F", "kelvin", out double sum);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            Units.TryConvert(i, "°F", "kelvin", out double converted);
            sum += converted;
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(sum > 0);
    }
}
