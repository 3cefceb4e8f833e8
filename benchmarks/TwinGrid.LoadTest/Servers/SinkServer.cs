using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace TwinGrid.LoadTest.Servers;

/// <summary>
/// A server that looks at nothing and acknowledges everything, so that what is measured on it is the client. It
/// trusts its client: it is for this program only.
/// </summary>
internal static class SinkServer
{
    /// <summary>The argument that makes this program such a server.</summary>
    public const string Verb = "serve-sink";

    /// <summary>Listens until the one who started it goes.</summary>
    public static async Task RunAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(
            static kestrel => kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.Run(AnswerAsync)));
        await using WebApplication app = builder.Build();
        await app.StartAsync();
        await ServingUntil.InputClosesAsync(app);
    }

    private static async Task AnswerAsync(ConnectionContext connection)
    {
        PipeReader input = connection.Transport.Input;
        bool is5 = false;
        while (true)
        {
            ReadResult read = await input.ReadAsync(connection.ConnectionClosed);
            SequencePosition consumed = Answer(read.Buffer, connection.Transport.Output, ref is5);
            input.AdvanceTo(consumed, read.Buffer.End);
            await connection.Transport.Output.FlushAsync();
            if (read.IsCompleted)
            {
                return;
            }
        }
    }

    private static SequencePosition Answer(ReadOnlySequence<byte> bytes, PipeWriter output, ref bool is5)
    {
        var reader = new SequenceReader<byte>(bytes);
        while (TryReadHeader(reader, out byte first, out int header, out int length)
            && reader.Remaining >= header + length)
        {
            reader.Advance(header);
            ReadOnlySequence<byte> body = reader.UnreadSequence.Slice(0, length);
            reader.Advance(length);
            Answer(first, body, output, ref is5);
        }

        return reader.Position;
    }

    private static bool TryReadHeader(SequenceReader<byte> reader, out byte first, out int header, out int length)
    {
        length = 0;
        header = 1;
        if (!reader.TryRead(out first))
        {
            return false;
        }

        for (int shift = 0; reader.TryRead(out byte digit); shift += 7)
        {
            header++;
            length |= (digit & 0x7F) << shift;
            if ((digit & 0x80) == 0)
            {
                return true;
            }
        }

        return false;
    }

    // The seventh byte of a CONNECT is its version.
    private static void Answer(byte first, ReadOnlySequence<byte> body, PipeWriter output, ref bool is5)
    {
        Span<byte> id = stackalloc byte[2];
        switch (first)
        {
            case 0x10:
                is5 = body.Slice(6, 1).FirstSpan[0] == 5;
                output.Write<byte>(is5 ? [0x20, 3, 0, 0, 0] : [0x20, 2, 0, 0]);
                break;
            case 0x32:
                body.Slice(0, 2).CopyTo(id);
                body.Slice(2 + ((id[0] << 8) | id[1]), 2).CopyTo(id);
                output.Write<byte>([0x40, 2, id[0], id[1]]);
                break;
            case 0x82:
                body.Slice(0, 2).CopyTo(id);
                output.Write<byte>(is5 ? [0x90, 4, id[0], id[1], 0, 1] : [0x90, 3, id[0], id[1], 1]);
                break;
            case 0xC0:
                output.Write<byte>([0xD0, 0]);
                break;
        }
    }
}
