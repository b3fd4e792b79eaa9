//! Plays random histories over memory stores and says what they came to.

fn main() {
    println!("{:?}", model::search(400, model::run));
}
