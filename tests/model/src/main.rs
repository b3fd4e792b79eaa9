//! Runs random histories over memory stores and prints what happened in them.

fn main() {
    println!("{:?}", model::search(400, model::run));
}
