using System.Text.RegularExpressions;
using TwinGrid.Tests.Tidy;

namespace TwinGrid.Tests.Conformance;

/// <summary>One case of bad input, as the README beside the files describes them. Immutable.</summary>
/// <param name="Number">The case.</param>
/// <param name="Level">4 for MQTT 3.1.1, 5 for MQTT 5.</param>
/// <param name="Outcome">What the server sends and does, in its order.</param>
/// <param name="IsAccepted">True when a proper CONNECT comes before the bytes.</param>
/// <param name="Bytes">What the client sends.</param>
internal sealed partial record CorpusFile(
    int Number, int Level, IReadOnlyList<string> Outcome, bool IsAccepted, byte[] Bytes)
{
    public const string Folder = "tests/TwinGrid.Tests/Conformance/Corpus/";

    public static IEnumerable<string> Names => Repository.Files
        .Where(path => path.StartsWith(Folder, StringComparison.Ordinal) && Path.GetExtension(path) == ".hex")
        .Select(path => Path.GetFileNameWithoutExtension(path));

    public static CorpusFile Read(string name)
    {
        string[] lines = Repository.Read($"{Folder}{name}.hex").TrimEnd().Split('\n');
        Match header = Header().Match(lines[0]);
        Assert.True(header.Success, $"{name}: the first line is 'MQTT 5: outcome'");
        string[] rest = [.. lines.Skip(1).Select(line => line.Split('#')[0].Trim()).Where(line => line.Length > 0)];
        bool isAccepted = rest[0] == "CONNECT";
        return new CorpusFile(
            int.Parse(name[..2], null),
            header.Groups[1].Value == "5" ? 5 : 4,
            header.Groups[2].Value.Split(", "),
            isAccepted,
            [.. rest.Skip(isAccepted ? 1 : 0).SelectMany(line => line.Split(' ')).SelectMany(Token)]);
    }

    private static IEnumerable<byte> Token(string token)
    {
        string[] parts = token.Split('*');
        byte[] bytes = Convert.FromHexString(parts[0]);
        int count = parts.Length == 1 ? 1 : int.Parse(parts[1], null);
        return Enumerable.Repeat(bytes, count).SelectMany(it => it);
    }

    [GeneratedRegex(@"^MQTT (5|3\.1\.1): (.+)$")]
    private static partial Regex Header();
}
