/// Random numbers that are the same for the same seed (SplitMix64).
pub(super) struct Numbers(u64);

impl Numbers {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// How long until the next of events that come at random.
    pub(super) fn exponential(&mut self, mean: f64) -> u64 {
        (-mean * self.unit().ln()) as u64
    }

    /// What a call costs: nine of ten 0.7 of the mean, the tenth 3.7 of it, each exponential. The
    /// standard deviation is 1.5 times the mean, as that of queries against a database often is.
    pub(super) fn cost(&mut self, mean: f64) -> u64 {
        let factor = if self.unit() < 0.9 { 0.7 } else { 3.7 };
        self.exponential(mean * factor)
    }

    /// Above 0, below 1.
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((mixed ^ mixed >> 31) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }
}
