<?php
// Writes what idp.sh was told to options.json; the other files read it at every request, and /_control changes it.

const KNOWN = [
    // What is signed.
    'sign' => ['response', 'assertion', 'both', 'none'],
    'algorithm' => ['rsa-sha256', 'rsa-sha512', 'rsa-sha1'],
    // The service provider's certificate, a file or `metadata`; assertions are encrypted for it.
    'encrypt' => 'file',
    // The same; requests must be signed with it.
    'requests' => 'file',
    'nameid' => ['persistent', 'transient', 'email', 'unspecified'],
    // Which of the two keys the metadata shows, and which one signs.
    'keys' => ['first', 'both', 'second'],
    'entity' => 'text',
];

function checked(string $name, string $value)
{
    if (!isset(KNOWN[$name])) {
        throw new Exception("$name: one of " . implode(', ', array_keys(KNOWN)));
    }
    if (is_array(KNOWN[$name]) && !in_array($value, KNOWN[$name], true)) {
        throw new Exception("$name: one of " . implode(', ', KNOWN[$name]));
    }
    if (KNOWN[$name] === 'file' && !in_array($value, ['', 'metadata'], true)) {
        // The text, so that the file may go.
        $text = @file_get_contents($value);
        if ($text === false || openssl_x509_read($text) === false) {
            throw new Exception("$name: $value holds no certificate");
        }
        return $text;
    }
    return $value;
}

if (isset($argv) && realpath($argv[0]) === __FILE__) {
    try {
        [, $file, $port, $first, $second] = $argv;
        $options = ['port' => (int) $port, 'sign' => 'both', 'algorithm' => 'rsa-sha256', 'encrypt' => '', 'requests' => '',
            'nameid' => 'persistent', 'keys' => 'first',
            'entity' => "http://127.0.0.1:$port/saml2/idp/metadata.php"];
        $options += $first === 'metadata' ? ['metadata' => $second] : ['sp' => $first, 'acs' => $second];
        foreach (array_slice($argv, 5) as $word) {
            [$name, $value] = explode('=', $word, 2) + [1 => ''];
            $options[$name] = checked($name, $value);
        }
        file_put_contents($file, json_encode($options, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES));
    } catch (Throwable $error) {
        fwrite(STDERR, 'idp.sh: ' . $error->getMessage() . "\n");
        exit(1);
    }
}
