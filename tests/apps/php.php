<?php
// Arrays, strings, and whatever of json, mbstring, hash and zlib is there; prints what it found.
mt_srand(5);
$table = [];
for ($i = 0; $i < 200000; $i++) {
    $key = 'key' . mt_rand(0, 20000);
    $table[$key] = ($table[$key] ?? '') . str_repeat('x', mt_rand(0, 20));
}
ksort($table);
echo count($table), ' ', md5(implode(',', $table)), "\n";
if (function_exists('json_encode')) {
    echo json_decode(json_encode($table), true) === $table ? "same\n" : "other\n";
}
if (function_exists('mb_strtoupper')) {
    echo md5(mb_strtoupper(str_repeat("äöü straße ", 10000))), "\n";
}
if (function_exists('gzcompress')) {
    echo strlen(gzuncompress(gzcompress(implode(',', $table)))), "\n";
}
preg_match_all('/key(\d)\d*7\b/', implode(' ', array_keys($table)), $found);
echo count($found[0]), "\n";
class Node
{
    public $other;
    public $data;
}
for ($i = 0; $i < 100000; $i++) {
    $a = new Node();
    $b = new Node();
    $a->other = $b;
    $b->other = $a;
    $a->data = str_repeat('d', $i % 500);
}
echo gc_collect_cycles() >= 0 ? "collected\n" : "";
if (function_exists('pcntl_fork')) {
    $sum = 0;
    for ($i = 0; $i < 10; $i++) {
        $child = pcntl_fork();
        if ($child === 0) {
            $table = array_map('strrev', $table);
            exit(count($table) % 50 + $i);
        }
        pcntl_waitpid($child, $status);
        $sum += pcntl_wexitstatus($status);
    }
    echo $sum, "\n";
}
echo trim(shell_exec('echo done')), "\n";
