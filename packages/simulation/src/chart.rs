//! Charts as SVG, drawn by plotters.

use crate::calibrate::delay::DelayCell;
use crate::calibrate::{FalseAlarms, TIERS};
use crate::detection::Course;
use firebreak_risk::Level;
use plotters::prelude::*;
use std::path::Path;

const SIZE: (u32, u32) = (1_200, 800);
const COLOURS: [RGBColor; 7] = [
    RGBColor(31, 119, 180),
    RGBColor(255, 127, 14),
    RGBColor(44, 160, 44),
    RGBColor(214, 39, 40),
    RGBColor(148, 103, 189),
    RGBColor(140, 86, 75),
    RGBColor(23, 190, 207),
];

fn colour(index: usize) -> RGBColor {
    COLOURS[index % COLOURS.len()]
}

/// Above: measured mean time to a false alarm against the nominal one, by channel and null. Below: median delays against it.
///
/// Errors: the drawing library's own words.
pub fn calibration(path: &Path, false_alarms: &[FalseAlarms], delays: &[DelayCell]) -> Result<(), String> {
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    let draw = || -> Result<(), Box<dyn std::error::Error>> {
        area.fill(&WHITE)?;
        let (upper, lower) = area.split_vertically(SIZE.1 / 2);
        let nominal = 300.0..2e7f64;
        let mut chart = ChartBuilder::on(&upper)
            .caption(
                "Mean time to a false alarm, blocks (lower 95 % bound): above the line is within the promise",
                ("sans-serif", 18),
            )
            .margin(10)
            .x_label_area_size(35)
            .y_label_area_size(70)
            .build_cartesian_2d(nominal.clone().log_scale(), (100.0..1e10f64).log_scale())?;
        chart.configure_mesh().x_desc("threshold").y_desc("blocks").draw()?;
        chart.draw_series(LineSeries::new(
            TIERS.iter().map(|(_, tier)| (*tier as f64, *tier as f64)),
            BLACK.stroke_width(2),
        ))?;
        let mut names: Vec<(String, Vec<(f64, f64)>)> = vec![];
        for cell in false_alarms {
            let name = format!("{}, {}", cell.channel.name(), cell.model.name());
            let point = (cell.threshold as f64, cell.lower_bound().max(100.0));
            match names.iter_mut().find(|(known, _)| *known == name) {
                Some((_, points)) => points.push(point),
                None => names.push((name, vec![point])),
            }
        }
        for (index, (name, points)) in names.into_iter().enumerate() {
            let style = colour(index).stroke_width(2);
            chart
                .draw_series(LineSeries::new(points, style).point_size(3))?
                .label(name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK)
            .draw()?;

        let mut chart = ChartBuilder::on(&lower)
            .caption("Median delay, blocks (a path that found nothing is not drawn)", ("sans-serif", 18))
            .margin(10)
            .x_label_area_size(35)
            .y_label_area_size(70)
            .build_cartesian_2d(nominal.log_scale(), (0.9..300.0f64).log_scale())?;
        chart.configure_mesh().x_desc("threshold").y_desc("blocks").draw()?;
        let mut names: Vec<(String, Vec<(f64, f64)>)> = vec![];
        for cell in delays {
            let Some(median) = cell.delays.median() else { continue };
            let name = format!("{}, {}", cell.shift.name(), cell.model.name());
            let point = (cell.threshold as f64, f64::from(median));
            match names.iter_mut().find(|(known, _)| *known == name) {
                Some((_, points)) => points.push(point),
                None => names.push((name, vec![point])),
            }
        }
        for (index, (name, points)) in names.into_iter().enumerate() {
            let style = colour(index).stroke_width(2);
            chart
                .draw_series(LineSeries::new(points, style).point_size(3))?
                .label(name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK)
            .draw()?;
        area.present()?;
        Ok(())
    };
    draw().map_err(|error| error.to_string())
}

/// Above: the price, on the colour of the level. Below: the margin factor and the hour's move.
///
/// Errors: the drawing library's own words.
pub fn course(path: &Path, course: &Course) -> Result<(), String> {
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    let draw = || -> Result<(), Box<dyn std::error::Error>> {
        area.fill(&WHITE)?;
        let points = &course.points;
        let (Some(first), Some(last)) = (points.first(), points.last()) else { return Ok(()) };
        let hours = |at: u64| (at - first.at) as f64 / 3_600.0;
        let span = 0.0..hours(last.at).max(0.01);
        let (low, high) =
            points.iter().fold((f64::MAX, 0f64), |(low, high), point| (low.min(point.price), high.max(point.price)));
        let (upper, lower) = area.split_vertically(SIZE.1 * 3 / 5);
        let mut chart = ChartBuilder::on(&upper)
            .caption(format!("{}: price and level", course.name), ("sans-serif", 18))
            .margin(10)
            .x_label_area_size(30)
            .y_label_area_size(80)
            .build_cartesian_2d(span.clone(), low * 0.99..high * 1.01)?;
        chart.configure_mesh().x_desc("hours").disable_x_mesh().draw()?;
        // One rectangle for each stretch of a level, not one for each point.
        let stretches = course.stretches();
        chart.draw_series(stretches.iter().filter(|(_, _, level)| *level > Level::Normal).map(
            |(from, to, level)| {
                let colour = if *level == Level::Guarded { YELLOW.mix(0.4) } else { RED.mix(0.4) };
                Rectangle::new([(hours(*from), low * 0.99), (hours(*to), high * 1.01)], colour.filled())
            },
        ))?;
        let step = (points.len() / 4_000).max(1);
        chart.draw_series(LineSeries::new(
            points.iter().step_by(step).map(|point| (hours(point.at), point.price)),
            &BLUE,
        ))?;
        let most = points.iter().fold(1.0f64, |most, point| most.max(point.hour_move).max(point.factor));
        let mut chart = ChartBuilder::on(&lower)
            .caption("move within an hour in maintenance margins (red), margin factor (black)", ("sans-serif", 16))
            .margin(10)
            .x_label_area_size(30)
            .y_label_area_size(80)
            .build_cartesian_2d(span, 0.0..most * 1.05)?;
        chart.configure_mesh().x_desc("hours").draw()?;
        chart.draw_series(LineSeries::new(
            points.iter().step_by(step).map(|point| (hours(point.at), point.hour_move)),
            &RED,
        ))?;
        chart.draw_series(LineSeries::new(
            points.iter().step_by(step).map(|point| (hours(point.at), point.factor)),
            &BLACK,
        ))?;
        area.present()?;
        Ok(())
    };
    draw().map_err(|error| error.to_string())
}
