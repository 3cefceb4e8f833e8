using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;

namespace TwinGrid.Tests.Watching;

/// <summary>JSON merge patches against RFC 7396, and made from two documents.</summary>
public class MergePatchTests
{
    private static readonly Gen<JsonObject> s_document = Document(3);

    // Appendix A, but for those whose target or result is no object.
    [Theory]
    [InlineData("""{"a":"b"}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"b":"c"}""", """{"a":"b","b":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"a":null}""", """{}""")]
    [InlineData("""{"a":"b","b":"c"}""", """{"a":null}""", """{"b":"c"}""")]
    [InlineData("""{"a":["b"]}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"c"}""", """{"a":["b"]}""", """{"a":["b"]}""")]
    [InlineData("""{"a":{"b":"c"}}""", """{"a":{"b":"d","c":null}}""", """{"a":{"b":"d"}}""")]
    [InlineData("""{"a":[{"b":"c"}]}""", """{"a":[1]}""", """{"a":[1]}""")]
    [InlineData("""{"e":null}""", """{"a":1}""", """{"e":null,"a":1}""")]
    [InlineData("""{}""", """{"a":{"bb":{"ccc":null}}}""", """{"a":{"bb":{}}}""")]
    public void The_examples_of_the_RFC_are_merged_as_it_says(string target, string patch, string result)
    {
        JsonObject merged = Parse(target);
        JsonMergePatch.Apply(merged, Parse(patch));
        Assert.True(JsonNode.DeepEquals(Parse(result), merged), merged.ToJsonString());
    }

    [Fact]
    public void A_patch_says_only_what_is_different()
    {
        Assert.Equal(
            """{"a":2,"c":{"e":[1,2],"d":null},"f":null}""",
            Patch("""{"a":1,"b":"same","c":{"d":1,"x":0},"f":{}}""", """{"a":2,"b":"same","c":{"x":0,"e":[1,2]}}"""));
        Assert.Equal("{}", Patch("""{"a":null,"b":1.0}""", """{"b":1.0,"c":null}"""));
        Assert.Equal("""{"a":null}""", Patch("""{"a":1}""", """{"a":null}"""));
    }

    [Fact]
    public void A_document_with_the_patch_to_another_is_the_other() =>
        Gen.Select(s_document, s_document).Sample((before, after) =>
        {
            JsonObject merged = Parse(before.ToJsonString());
            JsonMergePatch.Apply(merged, Parse(Patch(before.ToJsonString(), after.ToJsonString())));
            JsonObject expected = new();
            JsonMergePatch.Apply(expected, after);
            JsonObject actual = new();
            JsonMergePatch.Apply(actual, merged);
            Assert.True(JsonNode.DeepEquals(expected, actual), $"{before} and {after} gave {merged}");
        });

    private static string Patch(string before, string after)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer))
        {
            JsonMergePatch.Write(
                JsonDocument.Parse(before).RootElement, JsonDocument.Parse(after).RootElement, writer);
        }

        return System.Text.Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static JsonObject Parse(string json) => (JsonObject)JsonNode.Parse(json)!;

    private static Gen<JsonObject> Document(int depth)
    {
        Gen<Func<JsonNode?>> leaf = Gen.Int[0, 5].Select(
            value => (Func<JsonNode?>)(() => value switch
            {
                0 => null,
                1 => JsonValue.Create("text"),
                2 => new JsonArray(1, null, new JsonObject { ["x"] = null }),
                _ => JsonValue.Create(value),
            }));
        Gen<Func<JsonNode?>> member = depth == 0
            ? leaf
            : Gen.OneOf(leaf, Document(depth - 1).Select(inner => (Func<JsonNode?>)(() => inner.DeepClone())));
        return Gen.Select(Gen.Int[0, 3], member).Array[0, 4].Select(members =>
        {
            JsonObject made = new();
            foreach ((int name, Func<JsonNode?> value) in members)
            {
                made[$"{(char)('a' + name)}"] = value();
            }

            return made;
        });
    }
}
