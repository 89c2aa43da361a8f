// Threads that move strings, vectors and trees to each other; prints what they found.
use std::collections::{BTreeMap, HashMap};
use std::sync::{mpsc, Arc, Mutex};
use std::thread;

fn pseudo(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    *seed >> 33
}

fn table(number: u64) -> BTreeMap<String, Vec<u8>> {
    let mut seed = number + 1;
    (0..3000)
        .map(|i| (format!("{}-{}", number, pseudo(&mut seed) % 2000), vec![i as u8; pseudo(&mut seed) as usize % 700]))
        .collect()
}

fn main() {
    let (give, take) = mpsc::channel();
    for number in 0..8 {
        let give = give.clone();
        thread::spawn(move || give.send((number, table(number))).unwrap());
    }
    drop(give);
    let mut tables: Vec<_> = take.into_iter().collect();
    tables.sort_by_key(|t| t.0);

    let counts = Arc::new(Mutex::new(HashMap::<usize, usize>::new()));
    let running: Vec<_> = tables
        .into_iter()
        .map(|(_, table)| {
            let counts = Arc::clone(&counts);
            thread::spawn(move || {
                let mut grown = String::new();
                for (key, value) in table {
                    grown.push_str(&key);
                    *counts.lock().unwrap().entry(value.len() / 100).or_insert(0) += 1;
                }
                grown.len()
            })
        })
        .collect();
    let lengths: Vec<usize> = running.into_iter().map(|t| t.join().unwrap()).collect();
    let mut counts: Vec<_> = counts.lock().unwrap().clone().into_iter().collect();
    counts.sort();
    println!("{:?} {:?}", lengths, counts);

    for round in 0..200 {
        let workers: Vec<_> = (0..4).map(|i| thread::spawn(move || vec![round; 100 * (i + 1)])).collect();
        let total: usize = workers.into_iter().map(|w| w.join().unwrap().len()).sum();
        assert_eq!(total, 1000);
    }
    let unwound = thread::spawn(|| {
        let _kept = vec![String::from("text"); 1000];
        std::panic::set_hook(Box::new(|_| ()));
        panic!("on purpose");
    });
    println!("{}", unwound.join().is_err());
}
