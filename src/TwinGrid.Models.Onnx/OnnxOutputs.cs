using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace TwinGrid.Models.Onnx;

/// <summary>A field of a prediction that an output can fill, in the order in which answers hold them.</summary>
internal enum OnnxField : byte
{
    /// <summary><see cref="Prediction.Value"/>.</summary>
    Value = 0,

    /// <summary><see cref="Prediction.Lower"/>.</summary>
    Lower = 1,

    /// <summary><see cref="Prediction.Upper"/>.</summary>
    Upper = 2,

    /// <summary><see cref="Prediction.Expected"/>.</summary>
    Expected = 3,
}

/// <summary>Where a field of the prediction comes from.</summary>
/// <param name="Field">The field.</param>
/// <param name="Tensor">The graph's output; empty for its first.</param>
/// <param name="Column">The column of it.</param>
internal sealed partial record OnnxOutput(OnnxField Field, string Tensor, int Column)
{
    /// <summary>The fields that a definition names; the value is always one of them, and first.</summary>
    /// <exception cref="DefinitionException">A field or a reference is none.</exception>
    public static OnnxOutput[] Read(ModelDefinition definition, OnnxOptions options)
    {
        if (options.Outputs.Count == 0)
        {
            return [new OnnxOutput(OnnxField.Value, "", 0)];
        }

        OnnxOutput[] read = [.. options.Outputs.Select(output => Read(definition, output.Key, output.Value))
            .OrderBy(output => output.Field)];
        return read[0].Field == OnnxField.Value
            ? read
            : throw new DefinitionException(
                OnnxOptions.Named(definition), "options.outputs", "expected at least the field 'value'");
    }

    /// <summary>The same with the graph's name of it.</summary>
    /// <exception cref="DefinitionException">The graph has no such output, or none of numbers.</exception>
    public OnnxOutput In(InferenceSession session, ModelDefinition definition, OnnxOptions options)
    {
        string name = Tensor.Length > 0 ? Tensor : session.OutputNames[0];
        if (!session.OutputMetadata.TryGetValue(name, out NodeMetadata? output))
        {
            string known = string.Join(
                ", ", session.OutputMetadata.Select(o => $"{o.Key} {OnnxSignature.Describe(o.Value)}"));
            throw OnnxSignature.Wrong(definition, options, $"the graph has no output '{name}'; it has {known}");
        }

        if (!output.IsTensor || output.ElementDataType is not (TensorElementType.Float or TensorElementType.Double))
        {
            throw OnnxSignature.Wrong(
                definition,
                options,
                $"the output '{name}' is {OnnxSignature.Describe(output)}; expected a tensor of Float or Double"
                + (output.IsTensor ? "" : " (export classifiers without ZipMap)"));
        }

        return this with { Tensor = name };
    }

    private static OnnxOutput Read(ModelDefinition definition, string field, string reference)
    {
        string[] fields = [.. Enum.GetNames<OnnxField>().Select(static name => name.ToLowerInvariant())];
        int index = Array.IndexOf(fields, field);
        Match match = Reference().Match(reference);
        if (index < 0 || !match.Success)
        {
            throw new DefinitionException(
                OnnxOptions.Named(definition),
                $"options.outputs.{field}",
                index < 0
                    ? $"a prediction has no such field here: expected {string.Join(", ", fields)}"
                    : $"'{reference}' is no output: expected a name, or name[0] for its first column");
        }

        string column = match.Groups["column"].Value;
        return new OnnxOutput(
            (OnnxField)index,
            match.Groups["name"].Value,
            column.Length == 0 ? 0 : int.Parse(column, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex(@"^(?<name>[^\[\]]+)(\[(?<column>\d{1,6})\])?$")]
    private static partial Regex Reference();
}
