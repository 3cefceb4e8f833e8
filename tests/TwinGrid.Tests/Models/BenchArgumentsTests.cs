using TwinGrid.ModelBench.Arguments;

namespace TwinGrid.Tests.Models;

public sealed class BenchArgumentsTests
{
    [Theory]
    [InlineData("input", "Expected an option such as --input, found 'input'")]
    [InlineData("--rows", "--rows needs a value")]
    [InlineData("--rows 1 --rows 2", "--rows is given twice")]
    [InlineData("--rows 0", "--rows takes a whole number from 1 to 9, not '0'")]
    [InlineData("--share x", "--share takes a number from 0 to 1, not 'x'")]
    [InlineData("--other 1", "There is no option --other; there are: --rows, --share")]
    public void A_wrong_argument_is_named_with_what_was_expected(string line, string problem)
    {
        BenchProblem refusal = Assert.Throws<BenchProblem>(() =>
        {
            BenchArguments arguments = BenchArguments.Read(line.Split(' '));
            arguments.Whole("--rows", 1, 9);
            arguments.Number("--share", 0, 1);
            arguments.RefuseOthers();
        });

        Assert.Equal(problem, refusal.Message);
    }

    [Fact]
    public void A_missing_directory_is_named()
    {
        BenchProblem refusal = Assert.Throws<BenchProblem>(
            () => BenchArguments.Read(["--input", "no/such/place"]).Directory("--input"));

        Assert.Equal("--input: there is no directory 'no/such/place'", refusal.Message);
    }
}
