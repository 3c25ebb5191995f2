//! A recurrent autoencoder of series (spec 4): what normal windows look like, in a few numbers.
//!
//! | side | layers |
//! |---|---|
//! | encoder | Conv 16 of 5, stride 2, ReLU; Conv 32 of 5, stride 2, ReLU; two LSTM layers of 64 units with dropout 0.5 between them, their last state; dense to the code of 32 |
//! | decoder | dense to 64, the same at every step; two LSTM layers of 32 units with dropout 0.5 between them; dense 32 per step, ReLU; transposed Conv 16 of 5, stride 2, ReLU; transposed Conv of 5, stride 2 to the channels |
//!
//! The convolutions make a quarter of the length, which is the number of steps of both recurrent parts, and the transposed
//! ones go back by the same way. The published decoder forgets time instead: it takes the mean of the recurrent states,
//! makes four steps of it and doubles them six times with transposed convolutions of at most 32 channels; the dense layer
//! after the mean expects twice as many values as there are. Here every step keeps its state, so that two of the six
//! doublings are left.

use burn::tensor::{Device, Tensor};
use paucal_core::Stream;

use crate::error::NnError;
use crate::gradients::Gradients;
use crate::layers::{
    Activation, Conv1d, ConvTranspose2d, Linear, Lstm, LstmTrace, Stack, StackTrace, Window, as_image,
    as_sequence,
};
use crate::noise::Draw;
use crate::parameters::join;

/// Channels after the first and the second convolution.
const CHANNELS: [usize; 2] = [16, 32];
/// Positions of a window.
const KERNEL: usize = 5;
/// What the encoder's convolutions make of the length.
const SHARE: usize = 4;
/// Units of the encoder's recurrent layers.
const UNITS: usize = 64;
/// Recurrent layers on either side.
const LAYERS: usize = 2;
/// Share of the values dropped between them.
const DROPOUT: f32 = 0.5;

/// Sizes of an [`Autoencoder`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AutoencoderShape {
    /// Samples of a window, a multiple of 4.
    pub length: usize,
    /// Channels of a window.
    pub channels: usize,
    /// Numbers of the code.
    pub code: usize,
}

impl Default for AutoencoderShape {
    /// Those of the description: 256 samples of heart rate, oxygen saturation and the hour as sine and cosine.
    fn default() -> Self {
        Self { length: 256, channels: 4, code: 32 }
    }
}

/// The network.
#[derive(Debug, Clone)]
pub struct Autoencoder {
    steps: usize,
    convolutions: Vec<Conv1d>,
    reader: Stack<Lstm>,
    code: Linear,
    start: Linear,
    writer: Stack<Lstm>,
    place: Linear,
    transposed: Vec<ConvTranspose2d>,
}

crate::parameters!(Autoencoder { parts: convolutions, reader, code, start, writer, place, transposed });

/// What [`Autoencoder::backward`] needs from the forward pass.
pub struct AutoencoderTrace {
    encoder: EncoderTrace,
    code: Tensor<2>,
    decoder: DecoderTrace,
}

struct EncoderTrace {
    /// Inputs of the convolutions and what the last makes of them.
    waves: [Tensor<3>; 3],
    reader: StackTrace<LstmTrace>,
    last: Tensor<2>,
}

struct DecoderTrace {
    writer: StackTrace<LstmTrace>,
    states: Tensor<2>,
    /// Inputs of the transposed convolutions.
    images: [Tensor<4>; 2],
}

impl Autoencoder {
    /// A network with PyTorch's initial values.
    ///
    /// # Errors
    /// When one of the sizes is 0 or the length is not a multiple of 4.
    pub fn new(shape: AutoencoderShape, stream: &mut Stream, device: &Device) -> Result<Self, NnError> {
        let AutoencoderShape { length, channels, code } = shape;
        if length == 0 || !length.is_multiple_of(SHARE) || channels == 0 || code == 0 {
            let message =
                format!("an autoencoder of {length} samples of {channels} channels in {code} numbers");
            return Err(NnError::Setting(message + " cannot be: the length is a multiple of 4, none is 0"));
        }
        let mut convolution = |inputs: usize, outputs: usize| -> Result<Conv1d, NnError> {
            let layer = Conv1d::new(inputs, outputs, KERNEL, stream, device)?;
            Ok(layer.with_stride(2).with_padding(KERNEL / 2))
        };
        let [first, second] = CHANNELS;
        let convolutions = vec![convolution(channels, first)?, convolution(first, second)?];
        let reader = Stack::new(second, UNITS, LAYERS, DROPOUT, stream, device);
        let (to_code, start) =
            (Linear::new(UNITS, code, stream, device), Linear::new(code, UNITS, stream, device));
        let writer = Stack::new(UNITS, second, LAYERS, DROPOUT, stream, device);
        let place = Linear::new(second, second, stream, device);
        let window = Window { stride: [1, 2], ..Window::sequence(KERNEL).padding(KERNEL / 2) };
        let mut transposed =
            |inputs, outputs| ConvTranspose2d::new(inputs, outputs, window, [0, 1], stream, device);
        let transposed = vec![transposed(second, first)?, transposed(first, channels)?];
        Ok(Self {
            steps: length / SHARE,
            convolutions,
            reader,
            code: to_code,
            start,
            writer,
            place,
            transposed,
        })
    }

    /// Codes `[rows, code]` of windows `[rows, length, channels]`.
    pub fn encode(&self, x: &Tensor<3>) -> Tensor<2> {
        self.encode_train(x, None).0
    }

    /// Windows `[rows, length, channels]` from codes `[rows, code]`.
    pub fn decode(&self, code: &Tensor<2>) -> Tensor<3> {
        self.decode_train(code, None).0
    }

    /// Windows as the network sees them, `[rows, length, channels]`, with dropout if it is drawn at all, and what the
    /// way back needs.
    pub fn forward_train(&self, x: &Tensor<3>, draw: Option<Draw>) -> (Tensor<3>, AutoencoderTrace) {
        let (code, encoder) = self.encode_train(x, draw);
        let (y, decoder) = self.decode_train(&code, draw);
        (y, AutoencoderTrace { encoder, code, decoder })
    }

    fn encode_train(&self, x: &Tensor<3>, draw: Option<Draw>) -> (Tensor<2>, EncoderTrace) {
        let relu = |layer: &Conv1d, x: &Tensor<3>| Activation::Relu.apply(layer.forward(x));
        let first = relu(&self.convolutions[0], x);
        let second = relu(&self.convolutions[1], &first);
        let (states, reader) =
            self.reader.forward_train(&steps_first(&second), self.steps, "dropout/reader", draw);
        let rows = x.dims()[0];
        let last = states.narrow(0, (self.steps - 1) * rows, rows);
        let code = self.code.forward(&last);
        (code, EncoderTrace { waves: [x.clone(), first, second], reader, last })
    }

    fn decode_train(&self, code: &Tensor<2>, draw: Option<Draw>) -> (Tensor<3>, DecoderTrace) {
        let start = self.start.forward(code).repeat_dim(0, self.steps);
        let (states, writer) = self.writer.forward_train(&start, self.steps, "dropout/writer", draw);
        let places = self.place.forward_activated(&states, Activation::Relu);
        let first = as_image(&rows_first(&places, self.steps));
        let second = self.transposed[0].forward_activated(&first, Activation::Relu);
        let y = as_sequence(self.transposed[1].forward(&second));
        (y, DecoderTrace { writer, states, images: [first, second] })
    }

    /// Gradients of the parameters from that of the output. The trace is used up.
    pub fn backward(&self, trace: AutoencoderTrace, dy: &Tensor<3>) -> Gradients {
        let mut gradients = Gradients::new();
        let of_code = self.decode_backward(trace.decoder, &trace.code, dy, &mut gradients);
        let EncoderTrace { waves, reader, last } = trace.encoder;
        let of_last = self.code.backward(&last, &of_code, "code", &mut gradients);
        let of_steps = self.reader.backward(reader, &of_last, "reader", &mut gradients);
        let mut of_wave = Some(rows_first(&of_steps, self.steps));
        for (i, convolution) in self.convolutions.iter().enumerate().rev() {
            let Some(of_output) = of_wave else { break };
            let raw = Activation::Relu.backward(&waves[i + 1], of_output);
            let name = join("convolutions", &i.to_string());
            of_wave = convolution.backward(&waves[i], &raw, i > 0, &name, &mut gradients);
        }
        gradients
    }

    /// Gradient of the code from that of the output.
    fn decode_backward(
        &self,
        trace: DecoderTrace,
        code: &Tensor<2>,
        dy: &Tensor<3>,
        gradients: &mut Gradients,
    ) -> Tensor<2> {
        let DecoderTrace { writer, states, images } = trace;
        let mut of_image = as_image(dy);
        for (i, transposed) in self.transposed.iter().enumerate().rev() {
            let of_input =
                transposed.backward(&images[i], &of_image, &join("transposed", &i.to_string()), gradients);
            of_image = Activation::Relu.backward(&images[i], of_input);
        }
        let raw = steps_first(&as_sequence(of_image));
        let of_states = self.place.backward(&states, &raw, "place", gradients);
        let of_starts = self.writer.backward(writer, &of_states, "writer", gradients);
        let [places, units] = of_starts.dims();
        let of_steps: Tensor<3> = of_starts.reshape([self.steps, places / self.steps, units]);
        let of_start = of_steps.sum_dim(0).squeeze_dim(0);
        self.start.backward(code, &of_start, "start", gradients)
    }
}

/// Steps of all rows one below the other, `[steps · rows, channels]`, from `[rows, steps, channels]`.
fn steps_first(x: &Tensor<3>) -> Tensor<2> {
    let [rows, steps, channels] = x.dims();
    x.clone().swap_dims(0, 1).reshape([steps * rows, channels])
}

/// The way back of [`steps_first`].
fn rows_first(x: &Tensor<2>, steps: usize) -> Tensor<3> {
    let [places, channels] = x.dims();
    let apart: Tensor<3> = x.clone().reshape([steps, places / steps, channels]);
    // By way of whole rows, so that the values come to lie in this order.
    let rows: Tensor<2> = apart.swap_dims(0, 1).reshape([places / steps, steps * channels]);
    rows.reshape([places / steps, steps, channels])
}
