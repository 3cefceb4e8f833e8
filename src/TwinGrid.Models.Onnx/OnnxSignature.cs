using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace TwinGrid.Models.Onnx;

/// <summary>
/// How a graph's inputs are fed from a row: one tensor of all telemetry, <c>[rows, inputs]</c> or <c>[rows, window,
/// inputs]</c>, or a tensor <c>[rows, 1]</c> or <c>[rows]</c> for each. The first axis may be of any length or fixed.
/// </summary>
/// <param name="Tensors">The graph's inputs in the order of the telemetry; one for all of it.</param>
/// <param name="Shape">The shape of each but for the first axis.</param>
/// <param name="IsDouble">True for doubles, false for floats.</param>
/// <param name="FixedRows">The rows that one run must have; 0 for any.</param>
internal sealed record OnnxSignature(string[] Tensors, long[] Shape, bool IsDouble, int FixedRows)
{
    /// <summary>Sees whether a graph can be fed as a definition says.</summary>
    /// <exception cref="DefinitionException">It cannot; the message says what the graph has.</exception>
    public static OnnxSignature Of(InferenceSession session, ModelDefinition definition, OnnxOptions options)
    {
        IReadOnlyDictionary<string, NodeMetadata> inputs = session.InputMetadata;
        return inputs.Count == 1
            ? OfOne(inputs.Keys.Single(), inputs.Values.Single(), definition, options)
            : OfEach(inputs, definition, options);
    }

    private static OnnxSignature OfOne(
        string name, NodeMetadata input, ModelDefinition definition, OnnxOptions options)
    {
        int columns = definition.Inputs.Count;
        int[] dimensions = input.IsTensor ? input.Dimensions : [];
        bool fits = dimensions.Length switch
        {
            3 => Fits(dimensions[1], options.Window) && Fits(dimensions[2], columns),
            2 => options.Window == 1 && Fits(dimensions[1], columns),
            1 => options.Window == 1 && columns == 1,
            _ => false,
        };
        if (!fits)
        {
            string expected = options.Window == 1
                ? $"[rows, {columns}] or [rows, 1, {columns}]"
                : $"[rows, {options.Window}, {columns}]";
            throw Wrong(definition, options, $"the input '{name}' is {Describe(input)}; expected {expected} for "
                + $"the {columns} inputs {string.Join(", ", definition.Inputs)}");
        }

        long[] shape = dimensions.Length switch
        {
            3 => [options.Window, columns],
            2 => [columns],
            _ => [],
        };
        return new OnnxSignature(
            [name], shape, IsDoubles(name, input, definition, options), Rows(dimensions));
    }

    private static OnnxSignature OfEach(
        IReadOnlyDictionary<string, NodeMetadata> inputs, ModelDefinition definition, OnnxOptions options)
    {
        string[] names = [.. definition.Inputs.Select(name => options.Tensors.GetValueOrDefault(name, name))];
        string graph = string.Join(", ", inputs.Select(input => $"{input.Key} {Describe(input.Value)}"));
        if (inputs.Count != names.Length || !names.All(inputs.ContainsKey) || names.Distinct().Count() != names.Length)
        {
            throw Wrong(definition, options, $"the graph has {inputs.Count} inputs, {graph}; expected one tensor for "
                + $"all inputs or one for each: {string.Join(", ", names)} (the option 'tensors' maps names)");
        }

        NodeMetadata first = inputs[names[0]];
        foreach (string name in names)
        {
            NodeMetadata input = inputs[name];
            bool fits = options.Window == 1 && input.IsTensor && input.Dimensions.Length is 1 or 2
                && (input.Dimensions.Length == 1 || Fits(input.Dimensions[1], 1))
                && input.Dimensions.Length == first.Dimensions.Length
                && input.Dimensions[0] == first.Dimensions[0];
            if (!fits || IsDoubles(name, input, definition, options) != IsDoubles(names[0], first, definition, options))
            {
                throw Wrong(definition, options, $"the input '{name}' is {Describe(input)}; expected [rows, 1] of the "
                    + "same type for each input, and no window");
            }
        }

        return new OnnxSignature(
            names,
            first.Dimensions.Length == 2 ? [1] : [],
            IsDoubles(names[0], first, definition, options),
            Rows(first.Dimensions));
    }

    /// <summary>The exception for what is wrong with the file.</summary>
    public static DefinitionException Wrong(ModelDefinition definition, OnnxOptions options, string problem) =>
        new(OnnxOptions.Named(definition), "options.path", $"{options.Path}: {problem}");

    /// <summary>The type and shape of a node: <c>Single[rows, 4]</c>; <c>?</c> for an axis of any length.</summary>
    public static string Describe(NodeMetadata node) => node.IsTensor
        ? $"{node.ElementDataType}[{string.Join(", ", node.Dimensions.Select((d, i) => Axis(node, d, i)))}]"
        : $"no tensor but a {node.OnnxValueType}";

    private static string Axis(NodeMetadata node, int length, int index) =>
        length >= 0 ? $"{length}" : node.SymbolicDimensions[index] is { Length: > 0 } name ? name : "?";

    private static bool Fits(int dimension, int length) => dimension < 0 || dimension == length;

    private static int Rows(int[] dimensions) => Math.Max(0, dimensions[0]);

    private static bool IsDoubles(
        string name, NodeMetadata input, ModelDefinition definition, OnnxOptions options) =>
        input.ElementDataType switch
        {
            TensorElementType.Float => false,
            TensorElementType.Double => true,
            _ => throw Wrong(
                definition, options, $"the input '{name}' is {Describe(input)}; expected Float or Double"),
        };
}
