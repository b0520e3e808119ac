<?php
require_once dirname(__DIR__) . '/settings.php';
$settings = settings();
if (isset($settings['metadata'])) {
    // Asked for when it is needed: the service provider may start later.
    $document = @file_get_contents($settings['metadata']);
    $provider = $document === false ? null : SimpleSAML\Metadata\SAMLParser::parseString($document)->getMetadata20SP();
} else {
    $provider = [
        'entityid' => $settings['sp'],
        'AssertionConsumerService' => [[
            'Binding' => 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST', 'Location' => $settings['acs'], 'index' => 0, 'isDefault' => true,
        ]],
    ];
}
if ($provider !== null) {
    $bare = function (string $pem): string {
        return preg_replace('/-----[A-Z ]+-----|\s/', '', $pem);
    };
    $keys = [];
    if (!in_array($settings['requests'], ['', 'metadata'], true)) {
        $keys[] = ['type' => 'X509Certificate', 'signing' => true, 'encryption' => false, 'X509Certificate' => $bare($settings['requests'])];
    }
    if (!in_array($settings['encrypt'], ['', 'metadata'], true)) {
        $keys[] = ['type' => 'X509Certificate', 'signing' => false, 'encryption' => true, 'X509Certificate' => $bare($settings['encrypt'])];
    }
    $old = 'urn:oasis:names:tc:SAML:1.1:nameid-format:';
    $provider = [
        'saml20.sign.response' => in_array($settings['sign'], ['response', 'both'], true),
        'saml20.sign.assertion' => in_array($settings['sign'], ['assertion', 'both'], true),
        'assertion.encryption' => $settings['encrypt'] !== '',
        'validate.authnrequest' => $settings['requests'] !== '',
        'NameIDFormat' => [
            'persistent' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
            'transient' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient',
            'email' => $old . 'emailAddress', 'unspecified' => $old . 'unspecified',
        ][$settings['nameid']],
        'keys' => array_merge($keys, $provider['keys'] ?? []),
    ] + $provider;
    $metadata[$provider['entityid']] = $provider;
}
