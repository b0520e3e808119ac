<?php
// GET and POST /_control; everything else is simplesamlphp's.
require_once __DIR__ . '/settings.php';
require_once __DIR__ . '/options.php';

if (parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) !== '/_control') {
    return false;
}
header('Content-Type: application/json');
$options = settings();
try {
    if ($_SERVER['REQUEST_METHOD'] === 'POST') {
        $order = json_decode(file_get_contents('php://input'), true, 4, JSON_THROW_ON_ERROR);
        foreach ($order as $name => $value) {
            if (in_array($name, ['sp', 'acs', 'metadata'], true)) {
                $options[$name] = $value;
                unset($options[$name === 'metadata' ? 'sp' : 'metadata']);
            } else {
                $options[$name] = checked($name, $value);
            }
        }
        file_put_contents(home() . '/options.json', json_encode($options, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES));
    }
} catch (Throwable $error) {
    http_response_code(400);
    $options = ['error' => $error->getMessage()];
}
echo json_encode($options, JSON_UNESCAPED_SLASHES);
return true;
