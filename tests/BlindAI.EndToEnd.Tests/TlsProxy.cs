using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace BlindAI.EndToEnd.Tests;

/// <summary>nginx as companies put it in front of everything: it ends TLS with a certificate of its own and logs all that it can.</summary>
internal sealed class TlsProxy : IAsyncDisposable
{
    private readonly ListeningProgram _program;

    private TlsProxy(ListeningProgram program) => _program = program;

    /// <summary>Where clients connect.</summary>
    public Uri Url => new($"https://localhost:{_program.Port}");

    /// <summary>The file with the proxy's certificate, for clients that want an authority to vouch for it.</summary>
    public string CertificateFile => Path.Combine(_program.Folder, "proxy.pem");

    /// <summary>Starts a proxy before a server.</summary>
    public static async Task<TlsProxy> StartAsync(Uri server) => new(await ListeningProgram.StartAsync("nginx", "nginx-light", async (folder, port) =>
    {
        using var certificate = SelfSigned.Create();
        using var key = certificate.GetECDsaPrivateKey()!;
        await File.WriteAllTextAsync(Path.Combine(folder, "proxy.pem"), certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(Path.Combine(folder, "proxy.key"), key.ExportPkcs8PrivateKeyPem());

        // As root, nginx works as nobody, who may not write here. The debug log has every header both ways; the access log adds what it has of bodies.
        var configuration = $$"""
            daemon off;
            worker_processes 1;
            {{(Environment.IsPrivilegedProcess ? "user root;" : "")}}
            pid {{folder}}/pid;
            error_log {{folder}}/error.log debug;
            events { worker_connections 512; }
            http {
              log_format verbose escape=json '$remote_addr $request $request_length $status $bytes_sent $request_body '
                '$http_host $http_accept $http_content_type $http_content_length $http_authorization $http_cookie $http_user_agent $http_referer '
                '$http_blindai_namespace $http_inference_header_content_length $http_blindai_padding $http_date $http_incremental '
                '$sent_http_content_type $sent_http_content_length $upstream_http_content_type $ssl_protocol $ssl_cipher';
              access_log {{folder}}/access.log verbose;
              client_body_temp_path {{folder}}/client;
              proxy_temp_path {{folder}}/proxy;
              fastcgi_temp_path {{folder}}/fastcgi;
              uwsgi_temp_path {{folder}}/uwsgi;
              scgi_temp_path {{folder}}/scgi;
              server {
                listen 127.0.0.1:{{port}} ssl http2;
                ssl_certificate {{folder}}/proxy.pem;
                ssl_certificate_key {{folder}}/proxy.key;
                ssl_protocols TLSv1.3;
                client_max_body_size 0;
                location / {
                  proxy_pass https://{{server.Host}}:{{server.Port}};
                  proxy_ssl_verify off;
                  proxy_ssl_protocols TLSv1.3;
                  proxy_http_version 1.1;
                  proxy_request_buffering off;
                  proxy_buffering off;
                }
              }
            }

            """;
        var file = Path.Combine(folder, "nginx.conf");
        await File.WriteAllTextAsync(file, configuration);
        return ["-p", folder, "-e", Path.Combine(folder, "error.log"), "-c", file];
    }));

    /// <summary>All that the proxy has written down: its logs, and what it may have put aside of bodies. One character is one byte.</summary>
    public string Written() => string.Concat(Directory.EnumerateFiles(_program.Folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(ReadShared));

    public ValueTask DisposeAsync() => _program.DisposeAsync();

    private static string ReadShared(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return reader.ReadToEnd();
    }
}
