<?php
// user:password => attributes. eve says that alice's address is hers; dan has none.
$config = [
    'people' => [
        'exampleauth:UserPass',
        'alice:alicepass' => [
            'uid' => ['alice'], 'email' => ['alice@example.com'], 'firstName' => ['Alice'], 'lastName' => ['Example'],
            'groups' => ['users', 'admins'],
        ],
        'bob:bobpass' => [
            'uid' => ['bob'], 'email' => ['bob@example.com'], 'firstName' => ['Bob'], 'lastName' => ['Example'],
            'groups' => ['users'],
        ],
        'eve:evepass' => [
            'uid' => ['eve'], 'email' => ['alice@example.com'], 'firstName' => ['Eve'], 'lastName' => ['O\'Example & <Sons>'],
        ],
        'dan:danpass' => ['uid' => ['dan'], 'firstName' => ['Dan'], 'lastName' => ['Example']],
    ],
];
