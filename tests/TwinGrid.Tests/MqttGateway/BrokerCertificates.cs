using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace TwinGrid.Tests.MqttGateway;

/// <summary>PEM files of an authority, of a broker on 127.0.0.1 and of a client, that last an hour.</summary>
internal sealed record BrokerCertificates(
    string Authority, string Broker, string BrokerKey, string Client, string ClientKey)
{
    public static BrokerCertificates Write(string directory)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=plant authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using X509Certificate2 authority = request.CreateSelfSigned(From, From.AddHours(2));
        string file = Path.Combine(directory, "authority.pem");
        File.WriteAllText(file, authority.ExportCertificatePem());
        (string broker, string brokerKey) = Sign(authority, directory, "broker");
        (string client, string clientKey) = Sign(authority, directory, "client");
        return new BrokerCertificates(file, broker, brokerKey, client, clientKey);
    }

    private static DateTimeOffset From { get; } = DateTimeOffset.UtcNow.AddHours(-1);

    private static (string File, string Key) Sign(X509Certificate2 authority, string directory, string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 signed = request.Create(
            authority, From, From.AddHours(2), RandomNumberGenerator.GetBytes(8));
        string file = Path.Combine(directory, $"{name}.pem");
        string keyFile = Path.Combine(directory, $"{name}.key");
        File.WriteAllText(file, signed.ExportCertificatePem());
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        return (file, keyFile);
    }
}

/// <summary>mosquitto's file of users.</summary>
internal static class MosquittoPassword
{
    public static async Task WriteAsync(string file, string user, string password)
    {
        if (!File.Exists("/usr/bin/mosquitto_passwd"))
        {
            Assert.Skip("mosquitto_passwd is not installed");
        }

        using Process program = Process.Start("/usr/bin/mosquitto_passwd", ["-b", "-c", file, user, password]);
        await program.WaitForExitAsync();
        Assert.Equal(0, program.ExitCode);
    }
}
