using System.Globalization;
using System.Text.Json;

namespace TwinGrid.Models;

/// <summary>
/// Reads the options of one model from its kind file, strictly: what is not asked for, is of another type or lies
/// outside its bounds ends in a <see cref="DefinitionException"/> that names the option and what was expected.
/// </summary>
internal sealed class ModelOptions
{
    private readonly ModelDefinition _definition;
    private readonly List<string> _known = [];

    public ModelOptions(ModelDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        _definition = definition;
        if (definition.Options.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Object))
        {
            throw Wrong("options", $"expected an object, found {definition.Options.GetRawText()}");
        }
    }

    /// <summary>The only input of a model that reads one telemetry and predicts none.</summary>
    public string OnlyInput()
    {
        InputsWithoutOutput(1, 1, "exactly one telemetry");
        return _definition.Inputs[0];
    }

    /// <summary>How many inputs there are of a model that predicts no telemetry.</summary>
    /// <param name="least">At least.</param>
    /// <param name="most">At most.</param>
    /// <param name="what">What they are.</param>
    public int InputsWithoutOutput(int least, int most, string what)
    {
        if (_definition.Output is not null)
        {
            throw Wrong("output", $"{_definition.Type} has no output: leave it out");
        }

        int count = _definition.Inputs.Count;
        return count >= least && count <= most
            ? count
            : throw Wrong("inputs", $"{_definition.Type} reads {what}, found {count}");
    }

    /// <summary>The input and the output of a model that learns one telemetry from another.</summary>
    public (string Input, string Output) InputAndOutput()
    {
        string input = OneInput();
        return _definition.Output is { } output
            ? (input, output)
            : throw Wrong("output", $"{_definition.Type} needs the telemetry to predict");
    }

    public double Number(string name, double fallback, double least, double greatest) =>
        OptionalNumber(name, least, greatest, fallback.ToString(CultureInfo.InvariantCulture)) ?? fallback;

    /// <summary>A number that counts something.</summary>
    public int Whole(string name, int fallback, int least, int greatest) =>
        OptionalWhole(name, least, greatest) ?? fallback;

    /// <summary>A number that counts something, without a default; null where the option is absent.</summary>
    public int? OptionalWhole(string name, int least, int greatest)
    {
        double? number = OptionalNumber(name, least, greatest);
        return number is null || number == Math.Floor(number.Value)
            ? (int?)number
            : throw Wrong(
                $"options.{name}",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"expected a whole number from {least} to {greatest}, found {number}"));
    }

    /// <summary>A number without a default; null where the option is absent.</summary>
    public double? OptionalNumber(string name, double least, double greatest) =>
        OptionalNumber(name, least, greatest, "no default");

    public double RequiredNumber(string name) =>
        OptionalNumber(name, -Magnitude.Limit, Magnitude.Limit, "no default")
        ?? throw Wrong($"options.{name}", $"{_definition.Type} needs it: expected a number");

    /// <summary>An object that the model reads itself.</summary>
    public JsonElement RequiredObject(string name) => Find(name) switch
    {
        { ValueKind: JsonValueKind.Object } value => value,
        { } value => throw Wrong($"options.{name}", $"expected an object, found {value.ValueKind}"),
        null => throw Wrong($"options.{name}", $"{_definition.Type} needs it: expected an object"),
    };

    /// <summary>The index of the input that an option names; null where the option is absent.</summary>
    public int? OptionalInput(string name)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        int index = value.ValueKind == JsonValueKind.String ? IndexOfInput(value.GetString()!) : -1;
        return index >= 0
            ? index
            : throw Wrong(
                $"options.{name}",
                $"expected one of the inputs {string.Join(", ", _definition.Inputs)}, found {value.GetRawText()}");
    }

    /// <summary>The index of an input that the model cannot do without.</summary>
    /// <param name="input">Its name.</param>
    /// <param name="need">Who needs it.</param>
    public int RequiredInput(string input, string need)
    {
        int index = IndexOfInput(input);
        return index >= 0 ? index : throw Wrong("inputs", $"{need} needs '{input}', which is not among them");
    }

    /// <summary>Whether the kind file gives an option.</summary>
    public bool Has(string name) => _definition.Options.ValueKind == JsonValueKind.Object
        && _definition.Options.TryGetProperty(name, out _);

    /// <summary>The exception for an option that only the model can judge.</summary>
    public DefinitionException WrongOption(string name, string problem) => Wrong($"options.{name}", problem);

    public Duration Duration(string name, TimeSpan fallback, TimeSpan least, TimeSpan greatest) =>
        OptionalDuration(name, least, greatest) ?? fallback;

    public Duration? OptionalDuration(string name, TimeSpan least, TimeSpan greatest)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.String
            && TwinGrid.Duration.TryParse(value.GetString(), null, out Duration duration)
            && duration.Value >= least && duration.Value <= greatest
                ? duration
                : throw Wrong(
                    $"options.{name}",
                    $"expected a duration such as \"30s\" from {new Duration(least)} to {new Duration(greatest)}, "
                    + $"found {value.GetRawText()}");
    }

    public TChoice Choice<TChoice>(string name, TChoice fallback)
        where TChoice : struct, Enum
    {
        if (Find(name) is not { } value)
        {
            return fallback;
        }

        string[] words = Array.ConvertAll(Enum.GetNames<TChoice>(), JsonNamingPolicy.CamelCase.ConvertName);
        int choice = value.ValueKind == JsonValueKind.String ? Array.IndexOf(words, value.GetString()) : -1;
        return choice >= 0
            ? Enum.GetValues<TChoice>()[choice]
            : throw Wrong(
                $"options.{name}",
                $"expected one of \"{string.Join("\", \"", words)}\", found {value.GetRawText()}");
    }

    /// <summary>Call after all options were asked for: refuses the rest.</summary>
    public void RefuseOthers()
    {
        if (_definition.Options.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        foreach (JsonProperty option in _definition.Options.EnumerateObject())
        {
            if (!_known.Contains(option.Name))
            {
                throw Wrong(
                    $"options.{option.Name}",
                    $"{_definition.Type} knows no such option: expected {string.Join(", ", _known)}");
            }
        }
    }

    private string OneInput() => _definition.Inputs.Count == 1
        ? _definition.Inputs[0]
        : throw Wrong("inputs", $"{_definition.Type} reads exactly one telemetry, found {_definition.Inputs.Count}");

    private int IndexOfInput(string name)
    {
        for (int i = 0; i < _definition.Inputs.Count; i++)
        {
            if (_definition.Inputs[i] == name)
            {
                return i;
            }
        }

        return -1;
    }

    private double? OptionalNumber(string name, double least, double greatest, string fallback)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number
            && value.TryGetDouble(out double number) && number >= least && number <= greatest
                ? number
                : throw Wrong(
                    $"options.{name}",
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"expected a number from {least} to {greatest} ({fallback}), found {value.GetRawText()}"));
    }

    private JsonElement? Find(string name)
    {
        _known.Add(name);
        return _definition.Options.ValueKind == JsonValueKind.Object
            && _definition.Options.TryGetProperty(name, out JsonElement value)
                ? value
                : null;
    }

    private DefinitionException Wrong(string place, string problem) =>
        new($"model '{_definition.Name}'", place, problem);
}
