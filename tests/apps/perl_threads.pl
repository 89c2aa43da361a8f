# Interpreter threads that clone each other's data, queues and shared tables; prints what they found.
use strict;
use warnings;
use threads;
use threads::shared;
use Thread::Queue;

my %inherited = map { ("key$_" => "v" x ($_ % 50)) } 1 .. 2000;

sub work {
    my ($number) = @_;
    my ($total, %own) = (0);
    for my $i (1 .. 5000) { $own{"$number-$i"} = "y" x ($i % 200); }
    $total += length for values %own, values %inherited;
    return $total;
}

for my $round (1 .. 4) {
    my @running = map { threads->create(\&work, $_) } 1 .. 6;
    print join(" ", map { $_->join } @running), "\n";
}

my ($jobs, $results) = (Thread::Queue->new, Thread::Queue->new);
my @workers = map {
    threads->create(sub { while (defined(my $job = $jobs->dequeue)) { $results->enqueue(length($job) * 2); } })
} 1 .. 4;
$jobs->enqueue("z" x ($_ % 300)) for 1 .. 3000;
$jobs->end;
$_->join for @workers;
my $sum = 0;
$sum += $results->dequeue for 1 .. 3000;
print "$sum\n";

my %table : shared;
$_->join for map {
    my $t = $_;
    threads->create(sub { for my $i (1 .. 1000) { lock %table; $table{"$t.$i"} = "s" x ($i % 40); } })
} 1 .. 4;
print scalar(keys %table), "\n";

my $child = fork // die;
if ($child == 0) { exit((threads->create(\&work, 7)->join) % 100); }
waitpid $child, 0;
print $? >> 8, "\n";
