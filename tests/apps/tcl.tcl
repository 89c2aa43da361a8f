# Lists, dictionaries, strings and processes; prints what it found.
set seed 1
proc pseudo {below} {
    global seed
    set seed [expr {($seed * 1103515245 + 12345) % 2147483648}]
    return [expr {$seed % $below}]
}
set table [dict create]
for {set i 0} {$i < 60000} {incr i} {
    dict append table key[pseudo 5000] [string repeat x [pseudo 20]]
}
set total 0
dict for {key value} $table {incr total [string length $value]}
puts "[dict size $table] $total"
set numbers {}
for {set i 0} {$i < 50000} {incr i} {lappend numbers [pseudo 1000000]}
puts [lrange [lsort -integer $numbers] 0 5]
set text [join $numbers " "]
puts [regexp -all {\d7\M} $text]
puts [string length [string map {1 one 2 two} $text]]
puts [exec -ignorestderr echo done]
for {set i 0} {$i < 10} {incr i} {
    set child [interp create]
    $child eval {set x [string repeat abc 100000]; proc f {} {return [list a b c]}; f}
    interp delete $child
}
