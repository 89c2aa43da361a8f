<?php
// Whatever extensions are there, each at work; prints which, and what they found.
$extensions = get_loaded_extensions();
sort($extensions);
echo implode(' ', $extensions), "\n";

$words = [];
for ($i = 0; $i < 3000; $i++) {
    $words[] = 'wört' . ($i * 7919 % 1000) . str_repeat('é', $i % 20);
}
$tests = [
    'dom' => function () use ($words) {
        $document = new DOMDocument();
        $root = $document->appendChild($document->createElement('root'));
        foreach ($words as $i => $word) {
            $root->appendChild($document->createElement('item', $word))->setAttribute('n', (string) ($i % 10));
        }
        $found = (new DOMXPath($document))->query('//item[@n="7"]');
        $root->removeChild($root->firstChild);
        return $found->length . ' ' . md5($document->saveXML());
    },
    'SimpleXML' => function () {
        $xml = simplexml_load_string('<a>' . str_repeat('<b c="1">text</b>', 2000) . '</a>');
        return count($xml->b) . ' ' . $xml->b[1999]['c'];
    },
    'xmlreader' => function () {
        $reader = XMLReader::XML('<a>' . str_repeat('<b><c/></b>', 2000) . '</a>');
        for ($nodes = 0; $reader->read();) {
            $nodes++;
        }
        return $nodes;
    },
    'xsl' => function () {
        $sheet = new DOMDocument();
        $sheet->loadXML('<x:stylesheet version="1.0" xmlns:x="http://www.w3.org/1999/XSL/Transform"><x:template match="/">'
            . '<x:for-each select="//b"><x:sort select="." data-type="number"/><x:value-of select="."/>,</x:for-each>'
            . '</x:template></x:stylesheet>');
        $document = new DOMDocument();
        $document->loadXML('<a>' . implode('', array_map(fn($i) => '<b>' . $i * 7 % 101 . '</b>', range(1, 500))) . '</a>');
        $processor = new XSLTProcessor();
        $processor->importStylesheet($sheet);
        return md5($processor->transformToXML($document));
    },
    'mbstring' => fn() => md5(mb_strtoupper(mb_convert_encoding(implode(' ', $words), 'UTF-16', 'UTF-8'), 'UTF-16')),
    'iconv' => fn() => strlen(iconv('UTF-8', 'UTF-32LE', implode(' ', $words))),
    'intl' => function () use ($words) {
        $sorted = $words;
        (new Collator('sv_SE'))->sort($sorted);
        return md5(implode($sorted)) . ' ' . (new NumberFormatter('de_DE', NumberFormatter::DECIMAL))->format(1234567.891)
            . ' ' . strlen(Normalizer::normalize(implode($words), Normalizer::FORM_D));
    },
    'sqlite3' => function () use ($words) {
        $db = new SQLite3(':memory:');
        $db->exec('create table t (n integer, word text)');
        $db->createFunction('half', fn($n) => intdiv($n, 2));
        $insert = $db->prepare('insert into t values (?, ?)');
        foreach ($words as $i => $word) {
            $insert->bindValue(1, $i);
            $insert->bindValue(2, $word);
            $insert->execute();
        }
        return $db->querySingle('select sum(half(n)) || " " || count(distinct word) from t');
    },
    'pdo_sqlite' => function () use ($words) {
        $db = new PDO('sqlite::memory:');
        $db->exec('create table t (word text)');
        $insert = $db->prepare('insert into t values (?)');
        foreach ($words as $word) {
            $insert->execute([$word]);
        }
        return md5(serialize($db->query('select word, count(*) c from t group by word order by word')->fetchAll()));
    },
    'curl' => function () {
        $handles = curl_multi_init();
        $each = [];
        for ($i = 0; $i < 10; $i++) {
            $each[$i] = curl_init('file://' . __FILE__);
            curl_setopt($each[$i], CURLOPT_RETURNTRANSFER, true);
            curl_multi_add_handle($handles, $each[$i]);
        }
        do {
            curl_multi_exec($handles, $running);
        } while ($running);
        return count(array_unique(array_map('curl_multi_getcontent', $each))) . ' ' . md5(curl_multi_getcontent($each[9]));
    },
    'gd' => function () {
        $image = imagecreatetruecolor(400, 300);
        for ($i = 0; $i < 400; $i++) {
            imagefilledellipse($image, $i, $i * 7 % 300, 30, 20, imagecolorallocate($image, $i % 256, $i * 3 % 256, $i * 7 % 256));
        }
        ob_start();
        imagepng(imagescale(imagerotate($image, 30, 0), 200));
        return md5(ob_get_clean());
    },
    'openssl' => fn() => md5(openssl_encrypt(str_repeat('text', 10000), 'aes-256-cbc', str_repeat('k', 32), 0, str_repeat('i', 16)))
        . ' ' . strlen(openssl_pkey_get_details(openssl_pkey_new(['private_key_bits' => 1024]))['rsa']['n']),
    'FFI' => function () {
        $libc = FFI::cdef('void *malloc(size_t); void *realloc(void *, size_t); void free(void *); char *strdup(const char *);');
        for ($i = 0; $i < 1000; $i++) {
            $libc->free($libc->realloc($libc->malloc($i), $i * 3));
            $copy = $libc->strdup('text');
            $text = FFI::string($copy);
            $libc->free($copy);
        }
        return $text;
    },
    'fileinfo' => fn() => (new finfo(FILEINFO_MIME_TYPE))->file(__FILE__),
    'Phar' => fn() => (new PharData('data.tar', 0, null, Phar::TAR))->isWritable() ? 'writable' : 'not writable',
];
foreach ($tests as $extension => $test) {
    if (extension_loaded($extension)) {
        echo $extension, ': ', $test(), ' ', $test(), "\n";
    }
}
