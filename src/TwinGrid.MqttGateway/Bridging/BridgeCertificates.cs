using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace TwinGrid.MqttGateway.Bridging;

/// <summary>Reads the PEM files of a TLS connection to the broker.</summary>
internal static class BridgeCertificates
{
    /// <summary>The certificates of a file.</summary>
    /// <exception cref="CryptographicException">It holds none.</exception>
    public static X509Certificate2Collection Authorities(string file)
    {
        X509Certificate2Collection found = [];
        found.ImportFromPemFile(file);
        return found.Count > 0 ? found : throw new CryptographicException("no certificate in it");
    }

    /// <summary>The certificate of a client with its key, from one file or two.</summary>
    public static X509Certificate2 Client(string file, string? keyFile) =>
        X509Certificate2.CreateFromPemFile(file, keyFile);

    /// <summary>What is wrong with a file, or null.</summary>
    public static string? Problem(Func<IDisposable?> read)
    {
        try
        {
            read()?.Dispose();
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return e.Message;
        }
    }
}
