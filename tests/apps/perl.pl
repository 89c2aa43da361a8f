# Hashes, strings, sorting, forks and regular expressions; prints what it found.
use strict;
use warnings;

my (%table, $seed);
$seed = 1;
sub pseudo { $seed = ($seed * 1103515245 + 12345) % 2147483648; return $seed % $_[0]; }
for my $i (1 .. 100_000) { $table{"key" . pseudo(20_000)} .= "x" x pseudo(20); }
my $total = 0;
$total += length for values %table;
print scalar(keys %table), " $total\n";

my @sorted = sort { $table{$a} cmp $table{$b} || $a cmp $b } keys %table;
print "$sorted[0] $sorted[-1]\n";

my $text = join " ", map { "word$_" } 1 .. 50_000;
my $count = () = $text =~ /\bword\d*7\b/g;
(my $changed = $text) =~ s/(\d+)/<$1>/g;
print "$count ", length($changed), "\n";

my @nested = map { [map { { n => $_ } } 1 .. 100] } 1 .. 500;
print $nested[499][99]{n}, "\n";

my $status = 0;
for my $i (1 .. 30) {
    my $child = fork // die;
    if ($child == 0) { my @a = map { "y" x $_ } 1 .. 500; exit(@a % 7); }
    waitpid $child, 0;
    $status += $? >> 8;
}
print "$status\n", `echo done`;
