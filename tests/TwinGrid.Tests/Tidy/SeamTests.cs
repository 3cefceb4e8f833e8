using System.Text.RegularExpressions;

namespace TwinGrid.Tests.Tidy;

/// <summary>An interface is a promise to strangers; inside the house one implementation needs none.</summary>
public sealed partial class SeamTests
{
    private static readonly string[] Seams =
        ["IPayloadDecoder", "IPredictiveModel", "IControlPolicy", "ITwinStore", "ITwinIngest", "IEffectSink"];

    [Fact]
    public void An_interface_is_a_seam_a_grain_or_has_two_implementations()
    {
        (string Path, string Code)[] sources = [.. Repository.CSharp("src").Select(p => (p, Repository.ReadCode(p)))];
        Assert.Empty(
            from source in sources
            from Match match in InterfaceDeclaration().Matches(source.Code)
            let name = match.Groups["name"].Value
            where !Seams.Contains(name) && !OrleansOwn().IsMatch(match.Groups["bases"].Value)
            let implementations = sources.Sum(other => Implementations(other.Code, name))
            where implementations < 2
            select $"{source.Path}: {name} has {implementations} implementation(s)");
    }

    private static int Implementations(string code, string name) => TypeWithBases().Matches(code)
        .Count(match => Regex.IsMatch(match.Groups["bases"].Value, $@"\b{name}\b"));

    [GeneratedRegex(@"\binterface\s+(?<name>I\w+)(?:<[^>]*>)?\s*(?<bases>:[^{]*)?[{;]")]
    private static partial Regex InterfaceDeclaration();

    [GeneratedRegex(@"\bI(?:GrainWith\w+|Addressable|GrainService\w*|GrainObserver|GrainExtension|SystemTarget)\b")]
    private static partial Regex OrleansOwn();

    [GeneratedRegex(@"\b(?:class|struct|record)\s+\w+[^{;:]*(?<bases>:[^{;]*)[{;]")]
    private static partial Regex TypeWithBases();
}
