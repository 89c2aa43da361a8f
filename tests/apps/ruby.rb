# Hashes, strings, threads, forks and the garbage collector; prints what it found.
require "json"
require "digest"
require "set"

random = Random.new(3)
table = {}
100_000.times { |i| table["key#{random.rand(20_000)}"] = "v" * random.rand(200) }
puts table.size, Digest::SHA256.hexdigest(table.sort.flatten.join)[0, 16]

back = JSON.parse(JSON.generate(table))
puts back == table

words = (1..50_000).map { |i| (i * i % 7919).to_s(36) }
puts words.tally.max_by { |word, count| [count, word] }.inspect, Set.new(words).size

sums = 6.times.map { |t| Thread.new { (1..20_000).map { |i| "#{t}#{i}" * 3 }.sum(&:length) } }.map(&:value)
puts sums.inspect

status = 10.times.map do |i|
  pid = fork { exit!((1..10_000).map(&:to_s).join.length * i % 100) }
  Process.wait2(pid)[1].exitstatus
end
puts status.inspect

200.times { Array.new(1000) { |i| [i, i.to_s] } }
GC.start(full_mark: true, immediate_sweep: true)
GC.compact if GC.respond_to?(:compact)
grown = +""
20_000.times { |i| grown << i.to_s }
puts grown.length, (2**2000).to_s.length, `echo done`
