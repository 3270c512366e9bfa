//! The curves as small charts side by side, in one SVG file.

use super::{Measured, thousands, whole};
use plotters::coord::Shift;
use plotters::prelude::*;
use std::path::Path;

/// The size of the whole, in pixels.
const SIZE: (u32, u32) = (1_260, 800);

/// Rows and columns of charts.
const GRID: (usize, usize) = (2, 3);

/// Colours that the colour-blind can tell apart (Okabe and Ito, 2008).
const COLOURS: [RGBColor; 3] = [RGBColor(0, 114, 178), RGBColor(213, 94, 0), RGBColor(0, 158, 115)];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Failed<'a> = DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>;

/// Writes the chart, whole or not at all.
pub(crate) fn write(all: &[Measured], file: &Path) -> Result<(), String> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        let drawn = area.fill(&WHITE).and_then(|()| {
            let parts = area.split_evenly(GRID);
            all.iter().zip(&parts).try_for_each(|(measured, part)| draw(measured, part))
        });
        drawn.and_then(|()| area.present()).map_err(|error| format!("no chart: {error}"))?;
    }
    whole::write(file, &text)
}

/// Whether a chart can go there, to be known before anything is measured. What is there and is no
/// plain file stays: a device, or a link to who knows what, is not to be put out of its place.
pub(crate) fn can_be_written(file: &Path) -> Result<(), String> {
    if !whole::folder_of(file).is_dir() {
        return Err(format!("there is no folder {}", whole::folder_of(file).display()));
    }
    match file.symlink_metadata() {
        Ok(there) if !there.is_file() => Err(format!("{} is no plain file", file.display())),
        _ => Ok(()),
    }
}

/// Draws one curve: how much there is from left to right, each time ten times as much, and what it
/// costs upwards from nothing, so that what is flat looks flat.
fn draw<'a>(measured: &Measured, area: &Area<'a>) -> Result<(), Failed<'a>> {
    let Measured { curve, values } = measured;
    let points = || curve.series.iter().flat_map(|series| &series.points);
    let least = points().map(|point| point.x).min().unwrap_or(1) as f64;
    let most = points().map(|point| point.x).max().unwrap_or(1) as f64;
    let highest = values.iter().flatten().copied().fold(1.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption(curve.measures, ("sans-serif", 17))
        .margin(12)
        .x_label_area_size(42)
        .y_label_area_size(56)
        .build_cartesian_2d((least * 0.8..most * 1.25).log_scale(), 0.0..highest * 1.3)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.1))
        .x_desc(curve.by)
        .x_label_formatter(&|x| thousands(x.round() as u64))
        .y_label_formatter(&|y| thousands(y.round() as u64))
        .label_style(("sans-serif", 13))
        .draw()?;
    let with_colours = curve.series.iter().zip(values).zip(COLOURS);
    for ((series, values), colour) in with_colours {
        let line: Vec<(f64, f64)> = series
            .points
            .iter()
            .zip(values)
            .map(|(point, value)| (point.x as f64, *value))
            .collect();
        let drawn = LineSeries::new(line, colour.stroke_width(2)).point_size(3);
        let key = move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2));
        chart.draw_series(drawn)?.label(series.name).legend(key);
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(TRANSPARENT)
        .border_style(TRANSPARENT)
        .label_font(("sans-serif", 13))
        .draw()?;
    Ok(())
}
