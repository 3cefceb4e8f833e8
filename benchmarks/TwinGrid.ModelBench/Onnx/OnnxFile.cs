using System.Buffers.Binary;
using System.Text;

namespace TwinGrid.ModelBench.Onnx;

/// <summary>
/// Writes small ONNX graphs by hand: the protobuf messages of onnx.proto3, as numbers of fields and bytes, so that no
/// other library has a say in what is run.
/// </summary>
internal sealed class OnnxFile
{
    public const int Float = 1;
    public const int Int64 = 7;
    public const int Double = 11;

    private readonly List<byte[]> _graph = [];

    /// <summary>An input; a length of -1 is an axis of any length.</summary>
    public OnnxFile Input(string name, int type, params long[] shape) => Add(11, ValueInfo(name, type, shape));

    public OnnxFile Output(string name, int type, params long[] shape) => Add(12, ValueInfo(name, type, shape));

    /// <summary>A constant of floats or doubles.</summary>
    public OnnxFile Constant(string name, int type, long[] shape, params double[] values)
    {
        byte[] raw = new byte[values.Length * (type == Float ? sizeof(float) : sizeof(double))];
        for (int i = 0; i < values.Length; i++)
        {
            if (type == Float)
            {
                BinaryPrimitives.WriteSingleLittleEndian(raw.AsSpan(i * sizeof(float)), (float)values[i]);
            }
            else
            {
                BinaryPrimitives.WriteDoubleLittleEndian(raw.AsSpan(i * sizeof(double)), values[i]);
            }
        }

        // TensorProto: dims 1, data_type 2, name 8, raw_data 9.
        return Add(
            5, [.. shape.SelectMany(d => Varint(1, d)), .. Varint(2, type), .. Text(8, name), .. Bytes(9, raw)]);
    }

    /// <summary>A node; its only attribute, if any, is a list of integers.</summary>
    public OnnxFile Node(string type, string[] inputs, string output, string? attribute = null, params long[] values)
    {
        // NodeProto: input 1, output 2, op_type 4, attribute 5. AttributeProto: name 1, ints 8, type 20 (INTS = 7).
        byte[] own = attribute is null
            ? []
            : Bytes(5, [.. Text(1, attribute), .. values.SelectMany(v => Varint(8, v)), .. Varint(20, 7)]);
        return Add(1, [.. inputs.SelectMany(i => Text(1, i)), .. Text(2, output), .. Text(4, type), .. own]);
    }

    public string Write(string directory, string name)
    {
        // ModelProto: ir_version 1, opset_import 8 (version 2), graph 7. GraphProto: name 2.
        byte[] graph = [.. _graph.SelectMany(part => part), .. Text(2, "test")];
        byte[] model = [.. Varint(1, 8), .. Bytes(8, Varint(2, 13)), .. Bytes(7, graph)];
        File.WriteAllBytes(Path.Combine(directory, name), model);
        return name;
    }

    /// <summary>y = x·weights + bias, of floats or doubles.</summary>
    public static OnnxFile Linear(int type, long rows, double[] weights, double bias) => new OnnxFile()
        .Input("x", type, rows, weights.Length)
        .Constant("w", type, [weights.Length, 1], weights)
        .Constant("b", type, [1], bias)
        .Node("MatMul", ["x", "w"], "product")
        .Node("Add", ["product", "b"], "y")
        .Output("y", type, rows, 1);

    // ValueInfoProto: name 1, type 2. TypeProto: tensor_type 1 of elem_type 1 and shape 2, of dim 1 of dim_value 1 or
    // dim_param 2.
    private static byte[] ValueInfo(string name, int type, long[] shape)
    {
        byte[] dims = [.. shape.SelectMany(d => Bytes(1, d < 0 ? Text(2, "n") : Varint(1, d)))];
        return [.. Text(1, name), .. Bytes(2, Bytes(1, [.. Varint(1, type), .. Bytes(2, dims)]))];
    }

    private static byte[] Text(int field, string text) => Bytes(field, Encoding.UTF8.GetBytes(text));

    private static byte[] Bytes(int field, byte[] value) =>
        [.. Number((ulong)((field << 3) | 2)), .. Number((ulong)value.Length), .. value];

    private static byte[] Varint(int field, long value) => [.. Number((ulong)(field << 3)), .. Number((ulong)value)];

    private static IEnumerable<byte> Number(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            yield return (byte)(value | 0x80);
        }

        yield return (byte)value;
    }

    private OnnxFile Add(int field, byte[] message)
    {
        _graph.Add(Bytes(field, message));
        return this;
    }
}
