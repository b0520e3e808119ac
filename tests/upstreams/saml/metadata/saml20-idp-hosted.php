<?php
require_once dirname(__DIR__) . '/settings.php';
$settings = settings();
$format = 'urn:oasis:names:tc:SAML:2.0:nameid-format:';
$old = 'urn:oasis:names:tc:SAML:1.1:nameid-format:';
$metadata[$settings['entity']] = [
    'host' => '__DEFAULT__',
    'auth' => 'people',
    'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#' . $settings['algorithm'],
    'NameIDFormat' => [$format . 'persistent', $format . 'transient', $old . 'emailAddress', $old . 'unspecified'],
    'attributes.NameFormat' => 'urn:oasis:names:tc:SAML:2.0:attrname-format:basic',
    // The one whose format the request, or else the service provider's metadata, names is used.
    'authproc' => [
        1 => ['class' => 'saml:TransientNameID'],
        2 => ['class' => 'saml:PersistentNameID', 'attribute' => 'uid'],
        3 => ['class' => 'saml:AttributeNameID', 'attribute' => 'email', 'Format' => $old . 'emailAddress'],
        4 => ['class' => 'saml:AttributeNameID', 'attribute' => 'uid', 'Format' => $old . 'unspecified'],
    ],
] + ($settings['keys'] === 'second'
    ? ['privatekey' => 'second.key', 'certificate' => 'second.crt']
    : ['privatekey' => 'first.key', 'certificate' => 'first.crt'])
  + ($settings['keys'] === 'both' ? ['new_privatekey' => 'second.key', 'new_certificate' => 'second.crt'] : []);
if ($settings['algorithm'] === 'rsa-sha1') {
    $metadata[$settings['entity']]['signature.algorithm'] = 'http://www.w3.org/2000/09/xmldsig#rsa-sha1';
}
