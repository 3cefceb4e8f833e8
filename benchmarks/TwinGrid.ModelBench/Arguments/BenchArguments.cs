using System.Globalization;

namespace TwinGrid.ModelBench.Arguments;

/// <summary>An argument or a file that cannot be used; the message says what can.</summary>
internal sealed class BenchProblem(string message) : Exception(message);

/// <summary>The options of one verb, <c>--name value</c> each. Not safe for threads.</summary>
internal sealed class BenchArguments
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly List<string> _known = [];

    private BenchArguments()
    {
    }

    /// <summary>Reads the command line after the verb.</summary>
    /// <exception cref="BenchProblem">A word is no option, has no value or comes twice.</exception>
    public static BenchArguments Read(ReadOnlySpan<string> arguments)
    {
        BenchArguments read = new();
        for (int i = 0; i < arguments.Length; i += 2)
        {
            string name = arguments[i];
            if (!name.StartsWith("--", StringComparison.Ordinal))
            {
                throw new BenchProblem($"Expected an option such as --input, found '{name}'");
            }

            if (i + 1 == arguments.Length)
            {
                throw new BenchProblem($"{name} needs a value");
            }

            if (!read._values.TryAdd(name, arguments[i + 1]))
            {
                throw new BenchProblem($"{name} is given twice");
            }
        }

        return read;
    }

    /// <summary>An option that must be given.</summary>
    public string Required(string name) => Optional(name) ?? throw new BenchProblem($"{name} is missing");

    /// <summary>An option, or null.</summary>
    public string? Optional(string name)
    {
        _known.Add(name);
        return _values.GetValueOrDefault(name);
    }

    /// <summary>A whole number, or null where it is not given.</summary>
    public int? Whole(string name, int least, int most)
    {
        if (Optional(name) is not { } value)
        {
            return null;
        }

        return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            && number >= least && number <= most
                ? number
                : throw new BenchProblem($"{name} takes a whole number from {least} to {most}, not '{value}'");
    }

    /// <summary>A number, or null where it is not given.</summary>
    public double? Number(string name, double least, double greatest)
    {
        if (Optional(name) is not { } value)
        {
            return null;
        }

        return double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            && number >= least && number <= greatest
                ? number
                : throw new BenchProblem($"{name} takes a number from {least} to {greatest}, not '{value}'");
    }

    /// <summary>A file that must exist.</summary>
    public string File(string name)
    {
        string path = Required(name);
        return System.IO.File.Exists(path) ? path : throw new BenchProblem($"{name}: there is no file '{path}'");
    }

    /// <summary>A directory that must exist.</summary>
    public string Directory(string name)
    {
        string path = Required(name);
        return System.IO.Directory.Exists(path)
            ? path
            : throw new BenchProblem($"{name}: there is no directory '{path}'");
    }

    /// <summary>Call after all options were asked for: refuses the rest.</summary>
    public void RefuseOthers()
    {
        foreach (string name in _values.Keys)
        {
            if (!_known.Contains(name))
            {
                throw new BenchProblem($"There is no option {name}; there are: {string.Join(", ", _known)}");
            }
        }
    }
}
