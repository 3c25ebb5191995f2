//! Choosing where to compute.

use burn::tensor::Device;
use paucal_core::error::closest;

use crate::error::NnError;

/// Names a user can type, besides an index as in `vulkan:1`.
pub const NAMES: [&str; 6] = ["auto", "cpu", "gpu", "vulkan", "metal", "cuda"];

/// The device of a name: `cpu`; `vulkan`, `metal` or `cuda`, each with an optional `:index`; `gpu` for the one
/// this build has; `auto` for the CPU.
///
/// `auto` does not look for a GPU: the networks of this program are small, and a result should not depend on
/// the machine's graphics card unless the user says so.
pub fn parse(name: &str) -> Result<Device, NnError> {
    let typed = name.trim().to_lowercase();
    let (kind, index) = match typed.split_once(':') {
        None => (typed.as_str(), 0),
        Some((kind, index)) => match index.parse::<usize>() {
            Ok(index) if kind != "cpu" && kind != "auto" => (kind, index),
            _ => return Err(unknown(name)),
        },
    };
    match kind {
        "auto" | "cpu" => Ok(Device::flex()),
        "gpu" => match BUILT.first() {
            Some(kind) => open(kind, index),
            None => Err(not_built(name)),
        },
        "vulkan" | "metal" | "cuda" if BUILT.contains(&kind) => open(kind, index),
        "vulkan" | "metal" | "cuda" => Err(not_built(name)),
        _ => Err(unknown(name)),
    }
}

/// The GPU interfaces of this build, best first.
const BUILT: &[&str] = &[
    #[cfg(feature = "cuda")]
    "cuda",
    #[cfg(feature = "metal")]
    "metal",
    #[cfg(feature = "vulkan")]
    "vulkan",
];

/// Opens a GPU and computes one sum on it, so that a missing driver is found here and not in a training step.
#[cfg_attr(not(any(feature = "cuda", feature = "metal", feature = "vulkan")), allow(unused_variables))]
fn open(kind: &str, index: usize) -> Result<Device, NnError> {
    #[cfg(any(feature = "cuda", feature = "metal", feature = "vulkan"))]
    {
        use burn::tensor::Tensor;
        let name = format!("{kind}:{index}");
        let opened = std::panic::catch_unwind(|| {
            let device = match kind {
                #[cfg(feature = "cuda")]
                "cuda" => Device::cuda(index),
                #[cfg(feature = "metal")]
                "metal" => Device::metal(gpu(index)),
                #[cfg(feature = "vulkan")]
                _ => Device::vulkan(gpu(index)),
                #[cfg(not(feature = "vulkan"))]
                _ => Device::flex(),
            };
            let sum: f32 = Tensor::<1>::ones([8], &device).sum().into_scalar();
            (sum == 8.0).then_some(device)
        });
        match opened {
            Ok(Some(device)) => Ok(device),
            _ => Err(NnError::DeviceUnavailable {
                name,
                reason: "it did not answer".into(),
                hint: "check the graphics driver and the index, or use --device cpu".into(),
            }),
        }
    }
    #[cfg(not(any(feature = "cuda", feature = "metal", feature = "vulkan")))]
    Err(not_built(kind))
}

#[cfg(any(feature = "metal", feature = "vulkan"))]
fn gpu(index: usize) -> burn::tensor::DeviceKind {
    if index == 0 {
        burn::tensor::DeviceKind::DefaultDevice
    } else {
        burn::tensor::DeviceKind::DiscreteGpu(index)
    }
}

fn unknown(name: &str) -> NnError {
    let kind = name.split(':').next().unwrap_or(name);
    NnError::UnknownDevice { name: name.into(), closest: closest(kind, NAMES).map(Into::into) }
}

fn not_built(name: &str) -> NnError {
    NnError::DeviceUnavailable {
        name: name.into(),
        reason: "this program was built without it".into(),
        hint: "use --device cpu, or build with --features vulkan (metal, cuda)".into(),
    }
}

/// The device in words, for manifests and logs.
pub fn describe(device: &Device) -> String {
    if *device == Device::flex() {
        let threads = rayon::current_num_threads();
        format!("cpu ({threads} {})", if threads == 1 { "thread" } else { "threads" })
    } else {
        format!("{device:?}").to_lowercase()
    }
}

/// Checks that the processor has the instructions this program was compiled for (x86-64-v3: AVX2, FMA, BMI).
/// Call it first: an older processor would otherwise stop with "illegal instruction".
pub fn check_processor() -> Result<(), NnError> {
    let missing = missing_instructions();
    if missing.is_empty() { Ok(()) } else { Err(NnError::OldProcessor { missing: missing.join(", ") }) }
}

/// Instruction sets compiled in but absent. The standard library's detection macro cannot be used: it answers
/// "yes" for whatever the compiler was told to assume.
#[cfg(all(target_arch = "x86_64", target_feature = "avx2"))]
fn missing_instructions() -> Vec<&'static str> {
    use std::arch::x86_64::{__cpuid, __cpuid_count};
    let basic = __cpuid(1);
    let highest = __cpuid(0).eax;
    let extended = if highest >= 7 { __cpuid_count(7, 0).ebx } else { 0 };
    let amd = if __cpuid(0x8000_0000).eax >= 0x8000_0001 { __cpuid(0x8000_0001).ecx } else { 0 };
    let has = |register: u32, bit: u32| register & (1 << bit) != 0;
    [
        ("AVX", has(basic.ecx, 28) && has(basic.ecx, 27)),
        ("FMA", has(basic.ecx, 12)),
        ("MOVBE", has(basic.ecx, 22)),
        ("F16C", has(basic.ecx, 29)),
        ("BMI1", has(extended, 3)),
        ("AVX2", has(extended, 5)),
        ("BMI2", has(extended, 8)),
        ("LZCNT", has(amd, 5)),
    ]
    .into_iter()
    .filter_map(|(name, present)| (!present).then_some(name))
    .collect()
}

#[cfg(not(all(target_arch = "x86_64", target_feature = "avx2")))]
fn missing_instructions() -> Vec<&'static str> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use paucal_core::Advice;

    #[test]
    fn names_are_understood_and_misspelt_ones_advised() {
        assert_eq!(parse("CPU").unwrap(), Device::flex());
        assert_eq!(parse("auto").unwrap(), Device::flex());
        let error = parse("vulcan").unwrap_err();
        assert_eq!(error.hint().as_deref(), Some("did you mean 'vulkan'?"));
        assert!(matches!(parse("cpu:1"), Err(NnError::UnknownDevice { .. })));
        assert!(matches!(parse("vulkan:x"), Err(NnError::UnknownDevice { .. })));
        assert!(matches!(parse(""), Err(NnError::UnknownDevice { .. })));
    }

    #[test]
    fn the_machine_that_runs_the_tests_passes_the_check() {
        check_processor().unwrap();
        assert!(describe(&Device::flex()).starts_with("cpu ("));
    }

    #[cfg(not(any(feature = "cuda", feature = "metal", feature = "vulkan")))]
    #[test]
    fn a_gpu_without_the_feature_is_refused_with_a_way_out() {
        let error = parse("gpu").unwrap_err();
        assert!(error.hint().unwrap().contains("--features vulkan"));
    }
}
