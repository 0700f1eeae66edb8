package io.quartet.gateway;

import java.io.InputStream;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** A client that trusts the gateway under test and nobody else. */
final class TlsHttpClient {
  private TlsHttpClient() {}

  /**
   * @param own what it shows of itself; null for nothing
   */
  static HttpClient of(@Nullable Certificates own) throws Exception {
    var trusted = emptyStore();
    trusted.setCertificateEntry("gateway", certificate(SecuredGateway.SERVER));
    var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    var store = emptyStore();
    if (own != null) {
      String pem = Files.readString(own.key()).replaceAll("-----[A-Z ]+-----|\n", "");
      var key =
          KeyFactory.getInstance("EC")
              .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem)));
      store.setKeyEntry("own", key, new char[0], new X509Certificate[] {certificate(own)});
    }
    keys.init(store, new char[0]);
    var context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    return HttpClient.newBuilder().sslContext(context).build();
  }

  private static X509Certificate certificate(Certificates files) throws Exception {
    try (InputStream in = Files.newInputStream(files.certificate())) {
      return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
    }
  }

  private static KeyStore emptyStore() throws Exception {
    var store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    return store;
  }
}
