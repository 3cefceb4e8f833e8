using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TwinGrid.Tests.Hosting;

/// <summary>
/// A headless Chromium with one page, driven by the Chrome DevTools Protocol over its socket: enough to look and to
/// click, without a package.
/// </summary>
internal sealed class Browser : IAsyncDisposable
{
    private readonly Process _process;
    private readonly DirectoryInfo _profile;
    private readonly ClientWebSocket _socket = new();
    private int _lastId;

    private Browser(Process process, DirectoryInfo profile)
    {
        _process = process;
        _profile = profile;
    }

    /// <summary>Opens a page; the test is skipped where no Chromium is installed.</summary>
    public static async Task<Browser> OpenAsync(Uri page)
    {
        string? program = Shell.Find("chromium", "chromium-browser", "google-chrome", "chrome");
        if (program is null)
        {
            Assert.Skip("no chromium or chrome is installed");
        }

        DirectoryInfo profile = Directory.CreateTempSubdirectory("twingrid-browser-");
        Process process = Process.Start(new ProcessStartInfo(program,
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
            "--disable-sync",
            "--remote-debugging-port=0", $"--user-data-dir={profile.FullName}", "about:blank",
        ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        Browser browser = new(process, profile);
        try
        {
            await browser.ConnectAsync(page);
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    /// <summary>The value of an expression in the page.</summary>
    public async Task<JsonNode?> EvaluateAsync(string expression)
    {
        JsonNode answer = await SendAsync(
            "Runtime.evaluate",
            new JsonObject { ["expression"] = expression, ["returnByValue"] = true, ["awaitPromise"] = true });
        Assert.True(answer["exceptionDetails"] is null, $"{expression}: {answer["exceptionDetails"]}");
        return answer["result"]?["value"]?.DeepClone();
    }

    /// <summary>Waits until an expression is true in the page.</summary>
    public Task SeesAsync(string expression) =>
        Eventually.HoldsAsync(async () => (await EvaluateAsync($"Boolean({expression})"))!.GetValue<bool>());

    /// <summary>Clicks the middle of an element with the mouse.</summary>
    public async Task ClickAsync(string selector)
    {
        JsonNode at = (await EvaluateAsync(
            $$"""
            (() => { const e = document.querySelector({{JsonSerializer.Serialize(selector)}});
              e.scrollIntoView({block: 'center'});
              const r = e.getBoundingClientRect(); return {x: r.x + r.width / 2, y: r.y + r.height / 2}; })()
            """))!;
        foreach (string type in (string[])["mousePressed", "mouseReleased"])
        {
            await SendAsync("Input.dispatchMouseEvent", new JsonObject
            {
                ["type"] = type, ["x"] = at["x"]!.DeepClone(), ["y"] = at["y"]!.DeepClone(),
                ["button"] = "left", ["clickCount"] = 1,
            });
        }
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        await Eventually.HoldsAsync(() => Task.FromResult(TryDelete()), seconds: 30);
    }

    private async Task ConnectAsync(Uri page)
    {
        // The browser writes its port and then its path there when it listens.
        string portFile = Path.Combine(_profile.FullName, "DevToolsActivePort");
        await Eventually.HoldsAsync(
            () => Task.FromResult(File.Exists(portFile) && File.ReadAllLines(portFile).Length > 1));
        int port = int.Parse(File.ReadAllLines(portFile)[0], CultureInfo.InvariantCulture);
        using HttpClient http = new();
        HttpResponseMessage opened = await http.PutAsync(
            $"http://127.0.0.1:{port}/json/new?{Uri.EscapeDataString(page.ToString())}", null);
        JsonElement target = await opened.Content.ReadFromJsonAsync<JsonElement>();
        await _socket.ConnectAsync(
            new Uri(target.GetProperty("webSocketDebuggerUrl").GetString()!), CancellationToken.None);
    }

    private async Task<JsonNode> SendAsync(string method, JsonObject parameters)
    {
        using CancellationTokenSource deadline = new(TimeSpan.FromSeconds(60));
        int id = ++_lastId;
        JsonObject message = new() { ["id"] = id, ["method"] = method, ["params"] = parameters };
        await _socket.SendAsync(
            JsonSerializer.SerializeToUtf8Bytes<JsonNode>(message), WebSocketMessageType.Text, true, deadline.Token);
        while (true)
        {
            JsonNode answer = await ReceiveAsync(deadline.Token);
            if (answer["id"]?.GetValue<int>() == id)
            {
                return answer["result"] ?? throw new InvalidOperationException($"{method}: {answer["error"]}");
            }
        }
    }

    private async Task<JsonNode> ReceiveAsync(CancellationToken cancellationToken)
    {
        using MemoryStream message = new();
        byte[] buffer = new byte[16_384];
        WebSocketReceiveResult part;
        do
        {
            part = await _socket.ReceiveAsync(buffer, cancellationToken);
            message.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);
        return JsonNode.Parse(message.ToArray())!;
    }

    private bool TryDelete()
    {
        try
        {
            _profile.Delete(recursive: true);
            return true;
        }
        catch (IOException)
        {
            return false; // A child of the browser still writes there.
        }
    }
}
