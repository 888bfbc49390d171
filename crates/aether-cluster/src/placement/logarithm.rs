//! Logarithms in integers, since those of floating-point libraries differ in their last bits. Pure.

/// How many bits follow the point.
pub(super) const FRACTION: u32 = 40;

/// How many bits of a number choose its place in the table.
const PLACE: u32 = 10;
const PLACES: usize = 1 << PLACE;

/// -log2 of 1/2 to 1, in steps of 1/2,048.
static TABLE: [u64; PLACES + 1] = table();

/// Returns -log2(number / 2^64), with 40 bits after the point. It never rises as the number rises.
///
/// Between the places of the table it is a straight line: 0.05 % too much at the most.
pub(super) fn below_one(number: u64) -> u64 {
    // 0 has no logarithm; 1 in its place changes the least that can be changed.
    let number = number.max(1);
    let zeros = number.leading_zeros();
    // The leading one is shifted out: what is left says where between 1/2 and 1 the number is.
    let bits = (number << zeros) << 1;
    let place = (bits >> (64 - PLACE)) as usize;
    let between = (bits << PLACE) >> 32;
    let at = |place: usize| TABLE.get(place).copied().unwrap_or_default();
    let (left, right) = (at(place), at(place + 1));
    (u64::from(zeros) << FRACTION) + left - (((left - right) * between) >> 32)
}

const fn table() -> [u64; PLACES + 1] {
    let mut table = [0; PLACES + 1];
    let mut place = 0;
    while place < PLACES {
        #[expect(clippy::indexing_slicing, reason = "the place is below the length")]
        {
            table[place] = (1 << FRACTION) - log2((PLACES + place) as u64);
        }
        place += 1;
    }
    table
}

/// log2(number / 1,024) of a number from 1,024 to 2,047, bit by bit: each squaring doubles the logarithm.
const fn log2(number: u64) -> u64 {
    let mut square = (number << (63 - PLACE)) as u128;
    let (mut logarithm, mut bit) = (0, 0);
    while bit < FRACTION {
        square = (square * square) >> 63;
        logarithm <<= 1;
        if square >> 64 != 0 {
            logarithm |= 1;
            square >>= 1;
        }
        bit += 1;
    }
    logarithm
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_is_exact_where_it_is_whole_and_at_the_ends() {
        assert_eq!(below_one(u64::MAX) >> 8, 0);
        for zeros in 0_u32..64 {
            assert_eq!(below_one(1 << (63 - zeros)), u64::from(zeros + 1) << FRACTION);
        }
        assert_eq!(below_one(0), 64 << FRACTION);
    }

    /// By a Python program with integers of any length: not from this code.
    #[test]
    fn the_table_is_the_one_that_is_written_down() {
        for (number, logarithm) in VECTORS {
            assert_eq!(below_one(number), logarithm, "{number:#x}");
        }
    }

    const VECTORS: [(u64, u64); 11] = [
        (0x0000_0000_0000_0001, 0x0000_4000_0000_0000),
        (0x0000_0000_0000_0002, 0x0000_3f00_0000_0000),
        (0x0000_0000_0000_0003, 0x0000_3e6a_3fe5_c605),
        (0x0000_0000_0000_03e8, 0x0000_3608_c25c_7263),
        (0xca97_8112_ca1b_bdca, 0x0000_0056_6adb_0c06),
        (0x3e23_e816_0039_594a, 0x0000_020a_e424_599b),
        (0x3597_1be6_e9bb_024a, 0x0000_0241_8fd3_6a33),
        (0xffff_ffff_ffff_fffe, 0x0000_0000_0000_0001),
        (0xffff_ffff_ffff_ffff, 0x0000_0000_0000_0001),
        (0xffff_0000_0000_0000, 0x0000_0000_0171_6b8e),
        (0xc000_0000_0000_0001, 0x0000_006a_3fe5_c605),
    ];

    proptest! {
        #[test]
        fn it_is_close_to_the_logarithm(number in 1_u64..) {
            let exact = 64.0 - (number as f64).log2();
            let ours = below_one(number) as f64 / (1_u64 << FRACTION) as f64;
            prop_assert!((ours - exact).abs() <= exact * 0.0005 + 1e-9, "{ours} {exact}");
        }

        #[test]
        fn it_never_rises_as_the_number_rises(number in any::<u64>(), shift in 0_u32..64, more in 0_u64..5_000) {
            let number = number >> shift;
            prop_assert!(below_one(number.saturating_add(more)) <= below_one(number));
        }
    }
}
