namespace TwinGrid.Dtdl.Parsing;

/// <summary>What sort of JSON value a node is.</summary>
internal enum JsonKind : byte
{
    Object,
    Array,
    Text,
    Number,
    Boolean,
    Null,
}

/// <summary>
/// A JSON value that knows where it stands, so that an error can name the place. Immutable once the file is read.
/// </summary>
/// <param name="kind">What sort of value it is.</param>
/// <param name="file">The file that it stands in.</param>
/// <param name="start">The offset of its first byte.</param>
internal sealed class JsonValue(JsonKind kind, JsonFile file, int start)
{
    private readonly Dictionary<string, JsonValue>? _byName =
        kind == JsonKind.Object ? new(StringComparer.Ordinal) : null;

    private readonly List<JsonValue> _items = [];

    /// <summary>What sort of value it is.</summary>
    public JsonKind Kind { get; } = kind;

    /// <summary>The file that it stands in.</summary>
    public JsonFile File { get; } = file;

    /// <summary>The offset of its first byte.</summary>
    public int Start { get; } = start;

    /// <summary>The offset behind its last byte.</summary>
    public int End { get; set; }

    /// <summary>The object or array around it; null for the root.</summary>
    public JsonValue? Parent { get; private set; }

    /// <summary>Its member name in an object, unescaped; null elsewhere.</summary>
    public string? Name { get; private set; }

    /// <summary>Its index in an array.</summary>
    public int Index { get; private set; }

    /// <summary>The unescaped text of a text; empty elsewhere.</summary>
    public string Text { get; init; } = "";

    /// <summary>The number; infinite where a double cannot hold it.</summary>
    public double Number { get; init; }

    /// <summary>The boolean.</summary>
    public bool Boolean { get; init; }

    /// <summary>The members of an object or the items of an array, in the order of the file.</summary>
    public IReadOnlyList<JsonValue> Items => _items;

    /// <summary>The member of a name, or null.</summary>
    public JsonValue? Find(string name) => _byName?.GetValueOrDefault(name);

    /// <summary>Adds a member or an item; false where a member of that name is there already.</summary>
    public bool TryAdd(JsonValue child, string? name)
    {
        child.Parent = this;
        child.Name = name;
        child.Index = _items.Count;
        if (name is not null && !_byName!.TryAdd(name, child))
        {
            return false;
        }

        _items.Add(child);
        return true;
    }

    /// <summary>The JSON path, such as <c>$.policies[0].when</c>.</summary>
    public string Path() => this switch
    {
        { Parent: null } => "$",
        { Name: null } => $"{Parent.Path()}[{Index}]",
        _ when IsPlain(Name) => $"{Parent.Path()}.{Name}",
        _ => $"{Parent.Path()}['{Name}']",
    };

    /// <summary>Where it stands in its file: <c>line 3, column 14</c>.</summary>
    public string Position()
    {
        (int line, int column) = File.PositionOf(Start);
        return $"line {line}, column {column}";
    }

    /// <summary>What is there, for a sentence: <c>the number 5</c>, <c>an object</c>.</summary>
    public string Describe() => Kind switch
    {
        JsonKind.Object => "an object",
        JsonKind.Array => "an array",
        JsonKind.Text => Text.Length <= 60 ? $"the text '{Text}'" : $"the text '{Text[..60]}…'",
        JsonKind.Number => $"the number {File.Raw(this)}",
        JsonKind.Boolean => Boolean ? "true" : "false",
        _ => "null",
    };

    private static bool IsPlain(string name) =>
        name.Length != 0 && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '$' or '@');
}
