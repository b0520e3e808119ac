<?php
// Read by every file of config/ and metadata/.

function home(): string
{
    return getenv('DOORWARD_SAML_HOME');
}

function settings(): array
{
    return json_decode(file_get_contents(home() . '/options.json'), true);
}
