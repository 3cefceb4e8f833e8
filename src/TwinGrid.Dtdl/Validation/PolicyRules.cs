using TwinGrid.Dtdl.Parsing;

namespace TwinGrid.Dtdl.Validation;

/// <summary>The rules of <c>policies</c>. Expressions are compiled, and judged, by the grid's policy room.</summary>
/// <param name="problems">Where problems are reported.</param>
internal sealed class PolicyRules(ProblemList problems)
{
    private const string ExpressionType = "Expression";

    /// <summary>Judges the policies alone.</summary>
    public void CheckFile(KindFile file)
    {
        foreach (Located<PolicyDefinition> policy in file.Policies)
        {
            if (policy.Value.Type == ExpressionType && policy.At.Find("when") is null)
            {
                problems.Add(policy.At, "a policy needs a member 'when' that says when its alarm is raised");
            }

            if (policy.Value.Mode == PolicyMode.Act && policy.At.Find("command") is null)
            {
                problems.Add(
                    policy.At.Find("mode")!, "the mode 'act' sends a command: expected a member 'command' or 'advise'");
            }

            if (policy.At.Find("verify") is { } verify && policy.At.Find("command") is null)
            {
                problems.Add(verify, "'verify' says what a command must bring about: expected a member 'command'");
            }
        }
    }

    /// <summary>Judges what they refer to.</summary>
    public void CheckDefinition(KindFile file, TwinDefinition definition)
    {
        List<string> commands = [.. definition.Commands.Select(static command => command.Name)];
        foreach (Located<PolicyDefinition> policy in file.Policies)
        {
            if (policy.At.Find("command")?.Find("name") is { Kind: JsonKind.Text, Text.Length: > 0 } name)
            {
                CheckCommand(name, commands);
            }
        }
    }

    private void CheckCommand(JsonValue name, List<string> commands)
    {
        if (!DtdlNames.IsCommand(name.Text))
        {
            problems.Add(name, $"'{name.Text}' is no name of a command: {DtdlNames.CommandRule}");
        }
        else if (commands.Count > 0 && !commands.Contains(name.Text))
        {
            problems.Add(
                name,
                $"'{name.Text}' is no command of this kind: expected {Words.List(commands)}"
                + NearestName.Hint(name.Text, commands));
        }
    }
}
