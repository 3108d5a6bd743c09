"""Studies: recognised names, BIDS names, diffusion, priors, context."""

from __future__ import annotations

import numpy as np
import pytest

from lesionaid.errors import FormError, GateError, LesionaidError, UsageError
from lesionaid.study.bids import image_stem, parse_name, role_of, safe_value
from lesionaid.study.diffusion import combine, normalise_adc
from lesionaid.study.gate import GateOptions, load_diffusion, load_scan
from lesionaid.study.load import StudyPaths, find_study, load_study
from lesionaid.study.scan import Contrast
from tests import bad_inputs as bad
from tests.shared_data import shared_data


def write(folder, name, data=None, affine=bad.AFFINE):
    folder.mkdir(parents=True, exist_ok=True)
    # Each name gets its own brightness, so that no two scans are the same file.
    base = bad.brain() if data is None else data
    if data is None:
        base = base + np.int16(len(name)) * (base > 0)
    return bad.put(folder, bad.nifti(base, affine), name)


# --- names ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stem", "role"),
    [
        ("flair", Contrast.FLAIR),
        ("FLAIR", Contrast.FLAIR),
        ("t1w_ce", Contrast.T1W_CE),
        ("T1ce", Contrast.T1W_CE),
        ("phase", Contrast.PHASE),
        ("lesions", "lesions"),
        ("sub-01_FLAIR", Contrast.FLAIR),
        ("sub-01_ses-02_run-1_T1w", Contrast.T1W),
        ("sub-01_ce-gadolinium_T1w", Contrast.T1W_CE),
        ("sub-01_desc-preproc_T2w", Contrast.T2W),
        ("sub-01_dwi", Contrast.DWI),
        ("sub-01_ADC", Contrast.ADC),
        ("sub-01_adc", Contrast.ADC),
        ("sub-01_swi", Contrast.SWI),
        ("sub-01_T2starw", Contrast.SWI),
        ("sub-01_part-phase_T2starw", Contrast.PHASE),
        ("sub-01_part-mag_T2starw", Contrast.SWI),
        ("sub-01_phase", Contrast.PHASE),
        ("sub-01_label-lesion_mask", "lesions"),
        ("sub-01_desc-brain_mask", "brain"),
        ("sub-01_desc-aseg_dseg", "anatomy"),
        ("sub-01_ce-gadolinium_FLAIR", None),
        ("sub-01_part-real_T1w", None),
        ("sub-01_bold", None),
        ("P14_T1_FLAIR", None),
        ("sub-01_sub-02_T1w", None),
        ("notes", None),
    ],
)
def test_role_of_a_name(stem, role):
    assert role_of(stem) == role


@pytest.mark.parametrize("value", ["", "../x", "a/b", "01\n", "a b", "é", "x" * 65, "a-b", "."])
def test_unsafe_values_are_refused(value):
    with pytest.raises(FormError, match="E44"):
        safe_value(value)


def test_safe_values_pass():
    assert safe_value("A01+b") == "A01+b"


def test_names_come_apart_and_unsafe_ones_do_not():
    parsed = parse_name("sub-01_ce-gadolinium_T1w")
    assert dict(parsed.entities) == {"sub": "01", "ce": "gadolinium"}
    assert parsed.suffix == "T1w"
    assert parse_name("sub-01\n_T1w") is None
    assert parse_name("sub-01_T1w\n") is None
    assert image_stem("x.NII.GZ") == "x"
    assert image_stem("x.nii") == "x"
    assert image_stem("x.nii.gz.json") is None


# --- folders -------------------------------------------------------------------------------


def test_plain_names_are_found(tmp_path):
    for name in ("flair.nii.gz", "T1W.NII", "t1w_ce.nii", "lesions.nii.gz", "other.nii.gz"):
        write(tmp_path, name)
    write(tmp_path, "._flair.nii.gz")
    (tmp_path / "context.yaml").write_text("host: ms\n")
    write(tmp_path / "prior", "flair.nii.gz")
    paths = find_study(tmp_path)
    assert list(paths.scans) == [Contrast.FLAIR, Contrast.T1W, Contrast.T1W_CE]
    assert paths.scans[Contrast.T1W].name == "T1W.NII"
    assert paths.lesions.name == "lesions.nii.gz"
    assert paths.context.name == "context.yaml"
    assert list(paths.prior.scans) == [Contrast.FLAIR]
    assert [path.name for path in paths.unrecognised] == ["other.nii.gz"]


@pytest.mark.parametrize("start", ["", "sub-01", "sub-01/ses-1"])
def test_bids_folders_are_found(tmp_path, start):
    session = tmp_path / "sub-01" / "ses-1"
    write(session / "anat", "sub-01_ses-1_FLAIR.nii.gz")
    write(session / "anat", "sub-01_ses-1_ce-gadolinium_T1w.nii.gz")
    write(session / "dwi", "sub-01_ses-1_dwi.nii.gz")
    write(tmp_path / "derivatives", "sub-01_ses-1_desc-x_FLAIR.nii.gz")
    write(tmp_path / "sourcedata", "flair.nii.gz")
    paths = find_study(tmp_path / start)
    assert list(paths.scans) == [Contrast.FLAIR, Contrast.T1W_CE, Contrast.DWI]


@pytest.mark.parametrize(
    "names",
    [
        ("flair.nii.gz", "FLAIR.nii"),
        ("sub-01_run-1_FLAIR.nii.gz", "sub-01_run-2_FLAIR.nii.gz"),
        ("flair.nii.gz", "sub-01_FLAIR.nii.gz"),
    ],
)
def test_two_of_a_kind_are_both_listed(tmp_path, names):
    for name in names:
        write(tmp_path, name)
    with pytest.raises(GateError, match="E42") as caught:
        find_study(tmp_path)
    assert all(name in str(caught.value) for name in names)


def test_two_sessions_are_not_chosen_from(tmp_path):
    for session in ("ses-1", "ses-2"):
        write(tmp_path / "sub-01" / session / "anat", "flair.nii.gz")
    with pytest.raises(GateError, match=r"E42.*ses-1 or ses-2"):
        find_study(tmp_path)


def test_nothing_recognised_lists_what_was_seen(tmp_path):
    write(tmp_path, "P14_T1_FLAIR.nii.gz")
    with pytest.raises(GateError, match=r"E43.*P14_T1_FLAIR"):
        find_study(tmp_path)


def test_missing_folder(tmp_path):
    with pytest.raises(LesionaidError, match="E01") as caught:
        find_study(tmp_path / "nowhere")
    assert caught.value.exit_code == 74
    with pytest.raises(LesionaidError, match="E02"):
        find_study(bad.scan(tmp_path))


# --- studies -------------------------------------------------------------------------------


def test_study_is_loaded(tmp_path):
    write(tmp_path, "t1w.nii.gz")
    write(tmp_path, "t2w.nii.gz", affine=bad.AFFINE @ np.diag([1, 1, 1.5, 1]))
    write(tmp_path, "lesions.nii.gz", bad.lesion())
    write(tmp_path, "brain.nii.gz", (bad.brain() > 0).astype(np.uint8))
    write(tmp_path, "spare.nii.gz")
    write(tmp_path / "prior", "flair.nii.gz")
    (tmp_path / "context.yaml").write_text("host: ms\n")
    study = load_study(find_study(tmp_path))
    assert list(study.scans) == [Contrast.T2W, Contrast.T1W]
    assert study.reference is study.scans[Contrast.T2W].grid
    assert not study.aligned
    assert study.lesions.data.sum() == 28
    assert study.brain.data.max() == 1
    assert study.context.values["host"] == "ms"
    assert list(study.prior.scans) == [Contrast.FLAIR]
    assert [(note.code, note.value) for note in study.notes] == [
        ("W28", "the grid of the T1w"),
        ("W29", "spare.nii.gz"),
    ]


def test_no_mask_is_not_an_empty_mask(tmp_path):
    write(tmp_path, "flair.nii.gz")
    assert load_study(find_study(tmp_path)).lesions is None
    write(tmp_path, "lesions.nii.gz", np.zeros(bad.SHAPE, np.uint8))
    study = load_study(find_study(tmp_path))
    assert study.lesions.data.sum() == 0
    assert [note.code for note in study.notes] == ["W24"]


def test_mask_alone_is_enough_in_mni_space(tmp_path):
    path = bad.put(tmp_path, bad.nifti(bad._in_template(), bad.MNI_AFFINE), "lesions.nii.gz")
    study = load_study(StudyPaths(lesions=path), space="mni", native_scale=0.85)
    assert study.reference is study.lesions.grid
    assert study.native_scale == 0.85
    assert load_study(StudyPaths(lesions=path)).reference is None


def test_native_scale_belongs_to_mni_space(tmp_path):
    paths = StudyPaths(lesions=bad.mask_of(bad.lesion())(tmp_path))
    with pytest.raises(UsageError, match="E45"):
        load_study(paths, native_scale=0.8)
    with pytest.raises(UsageError, match="E45"):
        load_study(paths, space="mni", native_scale=-1.0)


def test_one_image_for_two_contrasts_is_refused(tmp_path):
    scan = bad.scan(tmp_path)
    with pytest.raises(GateError, match="E34"):
        load_study(StudyPaths(scans={Contrast.T1W: scan, Contrast.T1W_CE: scan}))


def test_nothing_to_load():
    with pytest.raises(GateError, match="E43"):
        load_study(StudyPaths())


# --- diffusion -----------------------------------------------------------------------------

B_VALUES = "0 1000 1000 1000 500\n"


def series(folder, name="dwi.nii.gz", bvalues=B_VALUES):
    """S = 200 exp(-b D) with D differing along three directions; b 500 is another shell."""
    diffusivity = np.array([0.5e-3, 0.8e-3, 1.7e-3])  # mean 1.0e-3 mm2/s
    inside = bad.brain() > 0
    base = np.where(inside, 200.0, 0.0)
    volumes = [base, *(base * np.exp(-1000 * d) for d in diffusivity), base * np.exp(-0.5)]
    data = np.stack(volumes, axis=-1).astype(np.float32)
    if bvalues is not None:
        (folder / "dwi.bval").write_text(bvalues)
    return bad.put(folder, bad.nifti(data), name), inside[::-1], diffusivity


def test_adc_of_a_known_phantom(tmp_path):
    path, inside, diffusivity = series(tmp_path)
    dwi, adc, (note,) = load_diffusion(path)
    np.testing.assert_allclose(adc.data[inside], 1.0, rtol=1e-5)
    assert (adc.data[~inside] == 0).all()
    np.testing.assert_array_equal(adc.valid, inside)
    mean = 200 * np.exp(-1000 * diffusivity).mean()
    np.testing.assert_allclose(dwi.data[inside], mean, rtol=1e-5)
    assert note.code == "W20"
    assert "3 volumes at b = 1000" in note.value
    assert adc.contrast is Contrast.ADC


def test_b0_that_is_not_quite_zero_is_reckoned_with():
    data = np.stack([np.full((2, 2, 2), 100 * np.exp(-b * 0.7e-3)) for b in (20, 800)], axis=-1)
    combined = combine(data, np.array([20.0, 800.0]))
    np.testing.assert_allclose(combined.adc, 0.7)


def test_shell_takes_in_values_that_scatter():
    data = np.stack([np.full((2, 2, 2), float(n)) for n in range(1, 5)], axis=-1)
    combined = combine(data, np.array([990.0, 1005.0, 500.0, 1000.0]))
    np.testing.assert_allclose(combined.dwi, (1 + 2 + 4) / 3)
    assert combined.adc is None


def test_series_without_b_values_is_refused_unless_a_volume_is_chosen(tmp_path):
    path, inside, _ = series(tmp_path, bvalues=None)
    with pytest.raises(GateError, match="E32"):
        load_scan(path, Contrast.DWI)
    scan, (note,) = load_scan(path, Contrast.DWI, GateOptions(volume=0))
    assert note.code == "W02"
    np.testing.assert_allclose(scan.data[inside], 200)


@pytest.mark.parametrize(
    "text", ["", "0 1000", "0 a b c d", "0 -1 2 3 4", "0 nan 1 1 1", "0 0 0 0 0"]
)
def test_b_values_must_fit(tmp_path, text):
    path, _, _ = series(tmp_path, bvalues=text)
    with pytest.raises(GateError, match="E31"):
        load_diffusion(path)


def test_adc_of_a_series_joins_the_study_unless_one_was_given(tmp_path):
    _, inside, _ = series(tmp_path)
    study = load_study(find_study(tmp_path))
    assert list(study.scans) == [Contrast.DWI, Contrast.ADC]
    write(tmp_path, "adc.nii.gz", np.where(bad.brain() > 0, 0.9, 0).astype(np.float32))
    study = load_study(find_study(tmp_path))
    np.testing.assert_allclose(study.scans[Contrast.ADC].data[inside], 0.9)


@pytest.mark.parametrize(("factor", "noted"), [(1.0, False), (1e-3, True), (1e3, True)])
def test_unit_of_an_adc_map_is_recognised(tmp_path, factor, noted):
    tissue = np.where(bad.brain() > 0, 0.8 + bad.brain() / 1000, 0.0)
    path = bad.put(tmp_path, bad.nifti((tissue * factor).astype(np.float32)), "adc.nii.gz")
    scan, notes = load_scan(path, Contrast.ADC)
    np.testing.assert_allclose(scan.data, tissue[::-1], rtol=1e-5)
    assert [note.code for note in notes] == (["W21"] if noted else [])


def test_unit_that_fits_nothing_is_refused():
    with pytest.raises(GateError, match="E33"):
        normalise_adc(np.full((2, 2, 2), 30.0, np.float32), "adc.nii.gz")
    with pytest.raises(GateError, match="E33"):
        normalise_adc(np.full((2, 2, 2), -1.0, np.float32), "adc.nii.gz")


# --- real ----------------------------------------------------------------------------------


@pytest.mark.real
@pytest.mark.parametrize(
    ("folder", "contrasts", "codes"),
    [
        ("open_ms/patient19", "FLAIR T2w T1w T1w_ce", set()),
        ("glioma_fg6692", "FLAIR T2w T1w T1w_ce", {"W09"}),
        ("stroke_dwi_adc", "DWI ADC", set()),
    ],
)
def test_real_studies_load(folder, contrasts, codes):
    study = load_study(find_study(shared_data() / folder))
    assert [str(contrast) for contrast in study.scans] == contrasts.split()
    assert {note.code for note in study.notes} == codes


@pytest.mark.real
def test_real_adc_is_left_in_its_unit():
    scan, notes = load_scan(shared_data() / "stroke_dwi_adc" / "adc.nii.gz", Contrast.ADC)
    assert notes == ()
    assert 0.7 < np.median(scan.data[scan.data > 0]) < 1.5
