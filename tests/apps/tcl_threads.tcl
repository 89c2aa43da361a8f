# Threads with an interpreter each, a pool, and variables that all share; prints what it found.
package require Thread
set running {}
for {set i 0} {$i < 8} {incr i} {
    lappend running [thread::create -joinable]
}
foreach thread $running {
    thread::send -async $thread {
        set table [dict create]
        for {set i 0} {$i < 20000} {incr i} {dict append table key[expr {$i * 7 % 999}] [string repeat x [expr {$i % 30}]]}
        set total 0
        dict for {key value} $table {incr total [string length $value]}
        set total
    } result($thread)
}
foreach thread $running {
    if {![info exists result($thread)]} {vwait result($thread)}
    puts $result($thread)
    thread::release $thread
    thread::join $thread
}
set pool [tpool::create -minworkers 2 -maxworkers 6]
set jobs {}
for {set i 0} {$i < 200} {incr i} {
    lappend jobs [tpool::post $pool [list apply {n {
        tsv::lappend all list [string repeat $n 50]
        return [string length [string repeat abc [expr {$n * 100}]]]
    }} $i]]
}
set sum 0
foreach job $jobs {
    tpool::wait $pool $job
    incr sum [tpool::get $pool $job]
}
tpool::release $pool
puts "$sum [llength [tsv::get all list]] [string length [join [lsort [tsv::get all list]] {}]]"
