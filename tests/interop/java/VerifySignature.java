// SPDX-License-Identifier: Apache-2.0
// Verifies enveloped signatures with the JDK alone (JSR 105, secure validation on; PKIX); a line for each file.
//
//   java VerifySignature.java ROOT.pem INTERMEDIATES.pem FILE...
//
// A line is one word: valid; digest (a reference does not match); signature (its value does not); untrusted (no path from
// the signer to ROOT); form (the root does not end with a signature, or with one that covers something else, or one that
// secure validation forbids).

import java.io.FileInputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import javax.xml.XMLConstants;
import javax.xml.crypto.AlgorithmMethod;
import javax.xml.crypto.KeySelector;
import javax.xml.crypto.KeySelectorException;
import javax.xml.crypto.KeySelectorResult;
import javax.xml.crypto.MarshalException;
import javax.xml.crypto.XMLCryptoContext;
import javax.xml.crypto.dsig.Reference;
import javax.xml.crypto.dsig.XMLSignature;
import javax.xml.crypto.dsig.XMLSignatureException;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMValidateContext;
import javax.xml.crypto.dsig.keyinfo.KeyInfo;
import javax.xml.crypto.dsig.keyinfo.X509Data;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

public final class VerifySignature {
    private static final XMLSignatureFactory FACTORY = XMLSignatureFactory.getInstance("DOM");

    public static void main(String[] arguments) throws Exception {
        X509Certificate root = certificates(Path.of(arguments[0])).get(0);
        List<X509Certificate> intermediates = certificates(Path.of(arguments[1]));
        for (int i = 2; i < arguments.length; i++) {
            System.out.println(verdict(Path.of(arguments[i]), root, intermediates));
        }
    }

    private static String verdict(Path file, X509Certificate root, List<X509Certificate> intermediates)
            throws Exception {
        Element element = signatureOf(parse(file));
        if (element == null) {
            return "form";
        }
        try {
            DOMValidateContext context = new DOMValidateContext(new FirstCertificate(), element);
            context.setProperty("org.jcp.xml.dsig.secureValidation", Boolean.TRUE);
            XMLSignature signature = FACTORY.unmarshalXMLSignature(context);
            X509Certificate signer = signerOf(signature.getKeyInfo());
            List<?> references = signature.getSignedInfo().getReferences();
            if (signer == null || references.size() != 1 || !"".equals(((Reference) references.get(0)).getURI())) {
                return "form";
            }
            if (!signature.getSignatureValue().validate(context)) {
                return "signature";
            }
            if (!signature.validate(context)) {
                return "digest";
            }
            return leadsTo(root, signer, intermediates) ? "valid" : "untrusted";
        } catch (MarshalException | XMLSignatureException refused) {
            System.err.println(file.getFileName() + ": " + refused);
            return "form";
        }
    }

    private static boolean leadsTo(X509Certificate root, X509Certificate signer, Collection<X509Certificate> between)
            throws GeneralSecurityException {
        X509CertSelector target = new X509CertSelector();
        target.setCertificate(signer);
        PKIXBuilderParameters parameters = new PKIXBuilderParameters(Set.of(new TrustAnchor(root, null)), target);
        List<X509Certificate> known = new ArrayList<>(between);
        known.add(signer);
        parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(known)));
        parameters.setRevocationEnabled(false);
        try {
            CertPathBuilder.getInstance("PKIX").build(parameters);
            return true;
        } catch (CertPathBuilderException none) {
            return false;
        }
    }

    private static X509Certificate signerOf(KeyInfo keyInfo) {
        for (Object part : keyInfo == null ? List.of() : keyInfo.getContent()) {
            if (part instanceof X509Data) {
                for (Object held : ((X509Data) part).getContent()) {
                    if (held instanceof X509Certificate) {
                        return (X509Certificate) held;
                    }
                }
            }
        }
        return null;
    }

    private static final class FirstCertificate extends KeySelector {
        @Override
        public KeySelectorResult select(KeyInfo info, Purpose purpose, AlgorithmMethod method, XMLCryptoContext context)
                throws KeySelectorException {
            X509Certificate signer = signerOf(info);
            if (signer == null) {
                throw new KeySelectorException("there is no X509Certificate");
            }
            return signer::getPublicKey;
        }
    }

    private static Element signatureOf(Document document) {
        Node last = document.getDocumentElement().getLastChild();
        boolean found = last instanceof Element
                && XMLSignature.XMLNS.equals(last.getNamespaceURI())
                && "Signature".equals(last.getLocalName());
        return found ? (Element) last : null;
    }

    private static Document parse(Path file) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        try (InputStream stream = new FileInputStream(file.toFile())) {
            return factory.newDocumentBuilder().parse(stream);
        }
    }

    private static List<X509Certificate> certificates(Path file) throws Exception {
        List<X509Certificate> found = new ArrayList<>();
        try (InputStream stream = Files.newInputStream(file)) {
            CertificateFactory.getInstance("X.509").generateCertificates(stream)
                    .forEach(certificate -> found.add((X509Certificate) certificate));
        }
        return found;
    }
}
